// Ed25519 and BLAKE2b: the RFCs' own answers, and every change refused.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/ed25519.h>

namespace ratls {

namespace {

using ed25519::PublicKey;
using ed25519::Signature;

// RFC 8032, 7.1, TEST 1: the empty message.
const std::string kKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const std::string kSignature =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
    "6bd25bf5f0595bbe24655141438e7a100b";

Result<void> verify(const PublicKey& key, ByteView message, const Signature& signature) {
  return ed25519::verify(key, message, signature, Reason::policy_signature_invalid);
}

}  // namespace

TEST_CASE("the first answer of RFC 8032 verifies, and no change of one bit does") {
  const auto key = *PublicKey::parse_hex(kKey);
  const auto signature = *Signature::parse_hex(kSignature);
  CHECK(verify(key, {}, signature));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto changed = signature;
    changed.mutable_view()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    if (verify(key, {}, changed)) FAIL_CHECK(bit);
  }
  CHECK(verify(key, as_bytes("x"), signature).error().reason() == Reason::policy_signature_invalid);
}

TEST_CASE("keys of small order verify nothing") {
  const Signature zero;
  PublicKey key;  // y = 0, of order 4
  CHECK_FALSE(verify(key, {}, zero));
  key.mutable_view()[0] = 1;  // the neutral element
  CHECK_FALSE(verify(key, {}, zero));
}

TEST_CASE("what a fresh key signs verifies by it, and by no other") {
  const auto first = ed25519::generate().value();
  const auto second = ed25519::generate().value();
  CHECK(first.public_key != second.public_key);
  const auto signature = ed25519::sign(first.secret_key, as_bytes("message"));
  CHECK(verify(first.public_key, as_bytes("message"), signature));
  CHECK_FALSE(verify(second.public_key, as_bytes("message"), signature));
}

TEST_CASE("BLAKE2b of \"abc\" is RFC 7693's") {
  CHECK(ed25519::blake2b_512(as_bytes("abc")).hex() ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de45"
        "33cc9518d38aa8dbf1925ab92386edd4009923");
  CHECK(ed25519::blake2b_256({}).hex() ==
        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

}  // namespace ratls
