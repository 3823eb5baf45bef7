// SHA-2 against FIPS 180-4's example messages (NIST, "Examples with Intermediate Values").
#include <ratls/core/crypto.h>

#include "../support/files.h"
#include "check.h"

using namespace ratls;

namespace {

constexpr std::string_view kTwoBlocks256 =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr std::string_view kTwoBlocks512 =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

std::string sha256(std::string_view text) {
  return crypto::sha256({as_bytes(text)}).hex();
}
std::string sha384(std::string_view text) {
  return crypto::sha384({as_bytes(text)}).hex();
}
std::string sha512(std::string_view text) {
  return crypto::sha512({as_bytes(text)}).hex();
}

}  // namespace

TEST_CASE("SHA-256 of the standard's messages") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(kTwoBlocks256) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-384 of the standard's messages") {
  CHECK(sha384("") ==
        "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
        "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
  CHECK(sha384("abc") ==
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
        "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  CHECK(sha384(kTwoBlocks512) ==
        "09330c33f71147e83d192fc782cd1b4753111b173b3b05d2"
        "2fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039");
  CHECK(sha384(std::string(1000000, 'a')) ==
        "9d0e1809716474cb086e834e310a4a1ced149e9c00f24852"
        "7972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985");
}

TEST_CASE("SHA-512 of the standard's messages") {
  CHECK(sha512("") ==
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
  CHECK(sha512("abc") ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(sha512(kTwoBlocks512) ==
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
  CHECK(sha512(std::string(1000000, 'a')) ==
        "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
        "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
}

TEST_CASE("a hash of parts is the hash of their concatenation") {
  const Bytes whole = test::counting(300);
  for (std::size_t at = 0; at <= whole.size(); at += 7) {
    const ByteView head = ByteView(whole).first(at);
    const ByteView tail = ByteView(whole).subspan(at);
    CHECK(crypto::sha256({head, {}, tail}) == crypto::sha256({whole}));
    CHECK(crypto::sha384({head, {}, tail}) == crypto::sha384({whole}));
    CHECK(crypto::sha512({head, {}, tail}) == crypto::sha512({whole}));
  }
  CHECK(crypto::sha384({}) == crypto::sha384({ByteView{}}));
}

TEST_CASE("every length around the block sizes agrees with another implementation") {
  if (!test::have_program("sha384sum")) SKIP("no sha384sum on the PATH");
  const test::TemporaryFolder folder;
  const std::vector<std::size_t> sizes{1,   55,  56,  63,  64,  65,  111,
                                       112, 127, 128, 129, 239, 240, 256};
  std::string files;
  for (const std::size_t size : sizes) {
    const std::string path = folder.file(std::to_string(size));
    test::write_file(path, test::counting(size, 3));
    files += " " + path;
  }
  const std::string lines = test::run_command("sha256sum" + files).output +
                            test::run_command("sha384sum" + files).output +
                            test::run_command("sha512sum" + files).output;
  for (const std::size_t size : sizes) {
    const Bytes message = test::counting(size, 3);
    const std::string name = "  " + folder.file(std::to_string(size)) + "\n";
    CAPTURE(size, lines);
    CHECK(lines.find(crypto::sha256({message}).hex() + name) != std::string::npos);
    CHECK(lines.find(crypto::sha384({message}).hex() + name) != std::string::npos);
    CHECK(lines.find(crypto::sha512({message}).hex() + name) != std::string::npos);
  }
}

TEST_CASE("random bytes fill all of the output and never repeat") {
  Bytes first(64);
  Bytes second(64);
  crypto::random(first);
  crypto::random(second);
  CHECK(first != second);
  CHECK_FALSE(is_zero(first));
  crypto::random({});
  // Each byte takes both bits in every place within 64 draws, but for a chance of 2^-54.
  Bytes all_or(8);
  Bytes all_and(8, 0xFF);
  for (int i = 0; i < 64; ++i) {
    Bytes draw(8);
    crypto::random(draw);
    for (std::size_t j = 0; j < draw.size(); ++j) {
      all_or[j] = static_cast<std::uint8_t>(all_or[j] | draw[j]);
      all_and[j] = static_cast<std::uint8_t>(all_and[j] & draw[j]);
    }
  }
  CHECK(all_or == Bytes(8, 0xFF));
  CHECK(is_zero(all_and));
}
