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

}  // namespace ratls
