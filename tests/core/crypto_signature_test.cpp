// Signatures made once with python3-cryptography 48 by keys that were thrown away.
#include <ratls/core/crypto.h>

#include "check.h"

using namespace ratls;
using crypto::P384Point;
using crypto::P384Scalar;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::signature_invalid;
constexpr std::string_view kMessage = "a message of the tests";

const Bytes kPoint =
    hex("04e6bc861f8cbb9c0b02e6669dc2a87b449e0bfa7c6d0012393fc21cbc2dbcd45ff31ca8f162992ec751"
        "c2132955260717c8850f1941023985f733b4cbcf44450c665c295fda1b4a7a33c7f3804a5635217d45bb"
        "bb494c8398f9e2f4cc59fa7da9");
const Bytes kR =
    hex("a2989ad4857111acc197da1c5bab837aaae80b5e8f30830ae726ffb2cf160c2fbe0af5168058bb1e43d9"
        "62b3474e6ba6");
const Bytes kS =
    hex("9d235b868780d42e5d1115f26a71f5d4ee2334ad3f63870a3392a0eb592cf2fd7c42a024e367e004c900"
        "d4f3f6528a48");
const Bytes kModulus =
    hex("a6f19bdb082aed27972ce0d9bc93ebe4fc0258f74a7f86920adb445909c58fb9a1d68da0b48e9aca06b1"
        "54cb8ff79d99b150e5a72cb00b7db51de5098cf0cedba9b30bdc5ada72ac72920cb496e22bef3eeff29f"
        "9168d3d8dd9c36c9ebdd0741c6e8a9e1da7009705bf5d21d4de047408628a860b619cf39956cd7e5273a"
        "bf2c12885f58bb59816f1e1dff8f6aae6eb56cce08859660d884d7cda6490177a3be6ffb4d0cbeaa08a0"
        "eebbe20cb26fd9bbcca006433ee5b32c4b8cd73f94ab254e8c31314e181cda6cf5b274d1e8c551ea0975"
        "9d99d780f7ccffe077c6ccb7268ee0caaeaed1c679e634bc5ab5d4508e7fcc3c4fb9f1f1b1a8443ceb05"
        "346087ad");
const Bytes kPss =
    hex("62c4a3f0f517093f1265e746d970576ef3f67d84ccb5a160252d8a9283632dd23bbdaf6fdda8824745eb"
        "4dfa3054e6b99b96c518a3e69e4f34ebbddee26bbf43a5594de4659ac3c1654857139b1c713bf857a30e"
        "564976863c5654278a00813a7d6aeca9af92db077396ef73afa8c85f44f4c059678996f5acc5957478b7"
        "026a1665feb447539cfea60f181d0a9db3e994deea3b98c487ba80177358d77bf31d9d7cb0225281d6bd"
        "d2c6ea2980bd5cf1b239eadc5cfdd4ac512a443fd2cdde29336faaf43ed0ae4aadbfb2511b65cd9ff95d"
        "e593949b521373b8e40c2fbd9d41ef31c79eb7a42446a555312443d82e63ae8558f14ec9755745766d2a"
        "26799f87");
const Bytes kPssSalt32 =
    hex("3e76f2d95664e80f5657537f66cb85e45badf88b996bc278837260ec81d7c2c91ea9fbba859f20e0471a"
        "44b51db6d83cd05094a0fa5659a5c94ff9ef7e4f7879e25e208ce4d52b617c743b3f4525551f4128db3f"
        "7e7389daa7a66526addd910575a54ab7a8407c8738120ab493f14d39eebf8fafb6c27cdad82ef706f01b"
        "5e4068bcaaf3c07f89a51f504cf3cf7e2814f1b3f2000fd026f1830cdeaca0d7c9c0b9e743426879a647"
        "8bdd82e0654aa5eb32a7be9e25a4ec04e433c1a042023a743d8c381354998dd19e257a8d58db8a902ffd"
        "db2738b705a81a74e760364445c80da273859fe8f0bc446c8eae669bf8f30282fc1475a574397960dcfa"
        "85f8e7fa");
const Bytes kPssMgfSha256 =
    hex("23648997f631f5b3e05d5f8e6ec03bd15519c5c7279f2c8cab1878be7f17db03d7fa5ade69795bc28730"
        "faea4601c90e87675eff9383edd7f0e03284642de73ad7cd123743bc4006d8b76b323e436d9869e15460"
        "eae5be22722631301f4a33a158d1dc72a896067eb6a3453234f985ed536c6785c79ac76b1f9bd3813d4d"
        "9a19e719b336b15aa4fab91e2dcb19d855401ea2dba7f8c85555a70b79b3e92e57b5ac5f6895f5d4ae5c"
        "6a3092b26338bf89c8c055016de4356cc87897713009013777f066389696fa162f2150933522522cab9a"
        "27a550fe571b740c38657d295ec50fde33a5a0a255b8d9b403c694b255ad28f0c8d98c7a2613c0835e6e"
        "7d7ebecc");
const Bytes kPssSha256 =
    hex("8119d9ac57cba3cc1911023e01d6525064b10bf1dafed072bb746c7e0fad0eaf39651239e0c71c52a55c"
        "2c7ee1a5ba56ba559a1351c804ebc190af6d4b5856b60b1f67cd702bb6bed00e51009c459212fb1210ab"
        "9190e0b39a5a93f4136cc02e16f1ac41a8f012981ef01d51ab4bfd87001ed12ac430dc82d488a5d245f1"
        "923bd6f815ccb513c150e16b4e483df81703b0b1d98aaa60a3295bf251fd5091b4ddbef7bbc923886963"
        "a31631b3f9d85bc97d98187468bf3afaa74ceb65c6e134740cde1cc20e3ab4a26fd3a987ed9356cfc1e0"
        "ad6f7f395145e08b41fee564e77e496bec91529463818d41ab0dd08ac8d881957407b01b297cda960fb9"
        "63b7758b");
const Bytes kPkcs1 =
    hex("56656ac4c82c0700e5b4544a8a90134f5922c78cbb6b123dfbae9303ad0c514d82ab5e69fead05c24474"
        "cf6aed04eb498cb5e20db4f7a6e657ec638c1d6f679d20233b2bfa27e1ac5cb3974448911f379f9a4e64"
        "c40f09ed67b3576beb4267bf05c03ba831d4656f726dc591b3ffb91d9af4b212222c03395c9902f0e97c"
        "f2dbb4bd10fa616c6c67d816a92b0ab7cd51c67ffdfe79487dc7803ddb7e489af649cf07e3869ad4ee55"
        "39ab14d469edf74a53812eaf060d2fe371a79d19c8507369821d1df853b86dfdd7bc3044d554c43e94d9"
        "c2fc8446672bab22ba2ff0ceca06827e11e63589d936d68d47921fc6b697f1ae188009108095d1a6df8d"
        "def5faf1");
// The order of P-384's group and its field's prime (SEC 2, 2.5.1).
const Bytes kN =
    hex("ffffffffffffffffffffffffffffffffffffffffffffffff"
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973");
const Bytes kP =
    hex("ffffffffffffffffffffffffffffffffffffffffffffffff"
        "fffffffffffffffeffffffff0000000000000000ffffffff");

Result<void> p384(ByteView point, ByteView r, ByteView s, std::string_view message = kMessage) {
  return crypto::verify_p384(*P384Point::from(point), crypto::sha384({as_bytes(message)}),
                             *P384Scalar::from(r), *P384Scalar::from(s));
}

bool p384_refused(ByteView point, ByteView r, ByteView s) {
  return test::refused(p384(point, r, s), kWhy);
}

// Refused before any signature is looked at?
bool no_point(ByteView point) {
  const auto result = p384(point, kR, kS);
  return test::refused(result, kWhy) &&
         result.error().detail() == "the public key is not a point on P-384";
}

// big-endian a + b over 48 bytes, wrapping.
Bytes add(ByteView a, std::uint8_t b) {
  Bytes out(a.begin(), a.end());
  unsigned carry = b;
  for (std::size_t i = out.size(); i > 0 && carry != 0; --i) {
    carry += out[i - 1];
    out[i - 1] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
  return out;
}

// big-endian a - b, a >= b.
Bytes subtract(ByteView a, ByteView b) {
  Bytes out(a.begin(), a.end());
  int borrow = 0;
  for (std::size_t i = out.size(); i > 0; --i) {
    int digit = int{a[i - 1]} - int{b[i - 1]} - borrow;
    borrow = digit < 0 ? 1 : 0;
    if (digit < 0) digit += 256;
    out[i - 1] = static_cast<std::uint8_t>(digit);
  }
  return out;
}

Bytes one() {
  return add(Bytes(48), 1);
}

Result<void> rsa(ByteView n, ByteView e, ByteView signature, std::string_view message = kMessage) {
  return crypto::verify_rsa_pss_sha384({n, e}, as_bytes(message), signature);
}

const Bytes kE = hex("010001");

}  // namespace

TEST_CASE("a genuine ECDSA signature over P-384 verifies, over nothing but its message") {
  CHECK(p384(kPoint, kR, kS));
  CHECK(test::refused(p384(kPoint, kR, kS, "a message of the testt"), kWhy));
  CHECK(test::refused(p384(kPoint, kR, kS, ""), kWhy));
}

TEST_CASE("each flipped bit of r, s, the key or the digest is refused") {
  // Every fifth bit of each: all residues modulo 8 come up.
  for (std::size_t bit = 0; bit < 384; bit += 5) {
    if (!p384_refused(kPoint, test::with_bit_flipped(kR, bit), kS)) FAIL("r " << bit);
    if (!p384_refused(kPoint, kR, test::with_bit_flipped(kS, bit))) FAIL("s " << bit);
  }
  for (std::size_t bit = 0; bit < 97 * 8; bit += 5) {
    if (!p384_refused(test::with_bit_flipped(kPoint, bit), kR, kS)) FAIL("key " << bit);
  }
  const auto digest = crypto::sha384({as_bytes(kMessage)});
  for (std::size_t bit = 0; bit < 384; bit += 5) {
    const auto other = Sha384Digest::from(test::with_bit_flipped(digest.view(), bit));
    const auto result = crypto::verify_p384(*P384Point::from(kPoint), *other, *P384Scalar::from(kR),
                                            *P384Scalar::from(kS));
    if (!test::refused(result, kWhy)) FAIL("digest " << bit);
  }
}

TEST_CASE("r and s must lie between zero and the order of the group") {
  const Bytes zero(48);
  const Bytes all(48, 0xFF);
  for (const Bytes& bad : {zero, kN, add(kN, 1), all, kP}) {
    CHECK(p384_refused(kPoint, bad, kS));
    CHECK(p384_refused(kPoint, kR, bad));
    CHECK(p384_refused(kPoint, bad, bad));
  }
  CHECK(p384_refused(kPoint, one(), one()));
  CHECK(p384_refused(kPoint, subtract(kN, one()), kS));
  CHECK(p384_refused(kPoint, kS, kR));
}

TEST_CASE("the other s of a signature verifies too, so signature bytes are no identity") {
  CHECK(p384(kPoint, kR, subtract(kN, kS)));
}

TEST_CASE("a key that is not an uncompressed point on the curve is refused") {
  for (const std::uint8_t prefix : hex("00020305 0607ff")) {
    Bytes point = kPoint;
    point[0] = prefix;
    CHECK(no_point(point));
  }
  CHECK(no_point(Bytes(97)));
  Bytes origin(97);
  origin[0] = 0x04;
  CHECK(no_point(origin));
  Bytes beyond = kPoint;
  copy_bytes(kP, std::span(beyond).subspan(1, 48));
  CHECK(no_point(beyond));
  Bytes off = kPoint;
  copy_bytes(add(ByteView(kPoint).last(48), 1), std::span(off).last(48));
  CHECK(no_point(off));
}

TEST_CASE("the negated key does not verify") {
  Bytes negated = kPoint;
  copy_bytes(subtract(kP, ByteView(kPoint).last(48)), std::span(negated).last(48));
  CHECK(p384_refused(negated, kR, kS));
}

TEST_CASE("a genuine RSASSA-PSS signature verifies, over nothing but its message") {
  CHECK(rsa(kModulus, kE, kPss));
  CHECK(test::refused(rsa(kModulus, kE, kPss, "another message"), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, kPss, ""), kWhy));
}

TEST_CASE("RSA signatures of another form by the same key are refused") {
  CHECK(test::refused(rsa(kModulus, kE, kPssSalt32), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, kPssMgfSha256), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, kPssSha256), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, kPkcs1), kWhy));
}

TEST_CASE("each flipped bit of an RSA signature is refused") {
  for (std::size_t bit = 0; bit < kPss.size() * 8; bit += 13) {
    if (!test::refused(rsa(kModulus, kE, test::with_bit_flipped(kPss, bit)), kWhy)) FAIL(bit);
  }
}

TEST_CASE("RSA signatures of another length than the modulus are refused") {
  CHECK(test::refused(rsa(kModulus, kE, {}), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, ByteView(kPss).first(255)), kWhy));
  Bytes longer{0};
  append(longer, kPss);
  CHECK(test::refused(rsa(kModulus, kE, longer), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, Bytes(256)), kWhy));
  CHECK(test::refused(rsa(kModulus, kE, kModulus), kWhy));
}

TEST_CASE("RSA keys that are none, or out of 2048 to 4096 bits, are refused") {
  for (const Bytes& exponent : {Bytes{}, Bytes{0}, Bytes{1}, Bytes{2}, hex("010000")}) {
    CHECK(test::refused(rsa(kModulus, exponent, kPss), kWhy));
  }
  CHECK(test::refused(rsa({}, kE, kPss), kWhy));
  CHECK(test::refused(rsa(Bytes(256), kE, kPss), kWhy));
  CHECK(test::refused(rsa(ByteView(kModulus).first(128), kE, ByteView(kPss).first(128)), kWhy));
  // 2047 bits still take 256 bytes.
  Bytes odd = kModulus;
  odd[0] = 0x7F;
  const auto shorter = rsa(odd, kE, kPss);
  REQUIRE(test::refused(shorter, kWhy));
  CHECK(shorter.error().detail() == "the RSA key is not of 2048 to 4096 bits");
  Bytes large(513, 0xFF);
  CHECK(test::refused(rsa(large, kE, Bytes(513)), kWhy));
}
