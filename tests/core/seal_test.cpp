// Sealing: what was sealed opens with the same key and meaning, and with no other.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/seal.h>

namespace ratls {

namespace {

std::string opened(const seal::Key& key, ByteView sealed, std::string_view about) {
  const auto got = seal::open(key, sealed, as_bytes(about), Reason::store_damaged);
  if (!got) return std::string(code(got.error().reason()));
  return got->expose([](ByteView bytes) { return to_string(bytes); });
}

}  // namespace

TEST_CASE("a sealed value opens with its key and its meaning only, and no bit of it may change") {
  const seal::Key key = seal::generate_key();
  const auto value = SecretBytes::copy_of(as_bytes("a value")).value();
  const Bytes sealed = seal::seal(key, value, as_bytes("name"));
  CHECK(sealed.size() == 7 + seal::kOverhead);
  CHECK(sealed != seal::seal(key, value, as_bytes("name")));  // the nonce is random
  CHECK(opened(key, sealed, "name") == "a value");
  CHECK(opened(key, sealed, "other") == "store_damaged");
  CHECK(opened(seal::generate_key(), sealed, "name") == "store_damaged");
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    Bytes changed = sealed;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    CHECK(opened(key, changed, "name") == "store_damaged");
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    CHECK(opened(key, ByteView(sealed).first(size), "name") == "store_damaged");
  }
}

TEST_CASE(
    "a value opens into memory that is large enough, and what does not open leaves nothing there") {
  const seal::Key key = seal::generate_key();
  const Bytes sealed = seal::seal(key, as_bytes("a value"), as_bytes("name"));
  CHECK(opened(key, sealed, "name") == "a value");
  Bytes out(9, 0x7e);
  const auto size = seal::open_into(key, sealed, as_bytes("name"), out, Reason::ticket_unknown);
  REQUIRE(size);
  CHECK(to_string(ByteView(out).first(*size)) == "a value");
  Bytes small(6, 0x7e);
  CHECK(seal::open_into(key, sealed, as_bytes("name"), small, Reason::ticket_unknown)
            .error()
            .reason() == Reason::ticket_unknown);
  CHECK(small == Bytes(6, 0x7e));
  CHECK(seal::open_into(key, sealed, as_bytes("other"), out, Reason::ticket_unknown)
            .error()
            .reason() == Reason::ticket_unknown);
  CHECK(is_zero(out));
}

}  // namespace ratls
