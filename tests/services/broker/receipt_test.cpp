// Receipts: what a third party can check, and that nothing in them can be changed.

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <ratls/core/base64.h>
#include <ratls/services/broker/receipt.h>

#include "../../support/files.h"

namespace ratls {

namespace {

using broker::open_receipt;
using broker::Receipt;
using broker::ReceiptKey;
using test::TemporaryFolder;

Receipt example() {
  Receipt out;
  out.resource = "kbs:///agents/llm/key";
  out.version = 3;
  out.released = Timestamp{1'790'000'000};
  out.lease_until = Timestamp{1'790'003'600};
  out.guest = "agent-1.4";
  out.report_id = std::string(64, '1');
  out.measurement = std::string(96, '2');
  out.chip = std::string(64, '3');
  out.evidence = std::string(64, '4');
  out.policy = "prod";
  out.policy_sha256 = std::string(64, '5');
  out.audit = {17, broker::LineHash::parse_hex(std::string(64, '6')).value()};
  return out;
}

std::string reason_of(const Result<Receipt>& opened) {
  return opened ? "opened" : std::string(code(opened.error().reason()));
}

}  // namespace

TEST_CASE("a receipt opens with the broker's public key, and says what was released to whom") {
  const TemporaryFolder folder;
  const auto key = ReceiptKey::open(folder.file("key")).value();
  const auto pem = test::read_file(folder.file("key.pub"));
  REQUIRE(pem);
  const auto known = broker::parse_public_key_pem(*pem);
  REQUIRE(known);
  CHECK(*known == key.public_key());
  const std::string text = sign_receipt(example(), key);
  for (const std::string& given : {text, text + "\r\n", "ratls-receipt: " + text + "\n"}) {
    const auto opened = open_receipt(given, *known);
    REQUIRE(opened);
    CHECK(opened->resource == "kbs:///agents/llm/key");
    CHECK(opened->version == 3);
    CHECK(opened->released == Timestamp{1'790'000'000});
    CHECK(opened->lease_until == Timestamp{1'790'003'600});
    CHECK(opened->measurement == std::string(96, '2'));
    CHECK(opened->policy == "prod");
    CHECK(opened->audit.seq == 17);
    CHECK(opened->audit.hash == example().audit.hash);
  }
}

TEST_CASE("a receipt with any character changed, and one of another key, is refused") {
  const TemporaryFolder folder;
  const auto key = ReceiptKey::open(folder.file("key")).value();
  const std::string text = sign_receipt(example(), key);
  for (std::size_t i = 0; i < text.size(); ++i) {
    INFO(i);
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const std::string reason = reason_of(open_receipt(changed, key.public_key()));
    CHECK((reason == "receipt_invalid" || reason == "malformed_receipt"));
  }
  const auto other = ReceiptKey::open(folder.file("other")).value();
  CHECK(reason_of(open_receipt(text, other.public_key())) == code(Reason::receipt_invalid));
}

TEST_CASE("what is no receipt is named as that, before anything in it is believed") {
  const TemporaryFolder folder;
  const auto key = ReceiptKey::open(folder.file("key")).value();
  const std::string text = sign_receipt(example(), key);
  const std::string head = text.substr(0, text.find('.'));
  const std::string rest = text.substr(text.find('.'));
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"), head + rest + "=",
        "eyJhbGciOiJub25lIn0" + rest, text.substr(0, text.size() - 1), head + rest.substr(1),
        text + std::string(9000, ' ')}) {
    INFO(bad.substr(0, 40));
    CHECK(reason_of(open_receipt(bad, key.public_key())) == code(Reason::malformed_receipt));
  }
}

TEST_CASE(
    "the key of receipts is made once, is its owner's alone, and both its halves belong together") {
  const TemporaryFolder folder;
  const std::string path = folder.file("key");
  const auto first = ReceiptKey::open(path).value();
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::unlink((path + ".pub").c_str()) == 0);
  CHECK(ReceiptKey::open(path)->public_key() == first.public_key());
  CHECK(test::read_file(path + ".pub"));
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK(ReceiptKey::open(path).error().reason() == Reason::invalid_config);
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  std::string text = to_string(*test::read_file(path));
  text[127] = text[127] == '0' ? '1' : '0';
  test::write_file(path, as_bytes(text));
  CHECK(ReceiptKey::open(path).error().reason() == Reason::invalid_config);
  test::write_file(path, as_bytes("short\n"));
  CHECK(ReceiptKey::open(path).error().reason() == Reason::invalid_config);
}

TEST_CASE("a public key in another form is refused") {
  for (const std::string& bad :
       {std::string(), std::string("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
        "-----BEGIN PUBLIC KEY-----\n" + to_base64(as_bytes("too short")) +
            "\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n" + to_base64(Bytes(44, 0)) +
            "\n-----END PUBLIC KEY-----\n"}) {
    CHECK(broker::parse_public_key_pem(as_bytes(bad)).error().reason() == Reason::invalid_config);
  }
}

TEST_CASE("openssl verifies a receipt with the same public key") {
  if (test::run_command("openssl version").status != 0) SKIP("there is no openssl");
  const TemporaryFolder folder;
  const auto key = ReceiptKey::open(folder.file("key")).value();
  const std::string text = sign_receipt(example(), key);
  test::write_file(folder.file("jws"), as_bytes(text));
  const auto done = test::run_command(
      "cd " + folder.path() +
      " && python3 -c \"import base64; h, p, s = open('jws').read().split('.');"
      " open('signed', 'w').write(h + '.' + p);"
      " open('signature', 'wb').write(base64.urlsafe_b64decode(s + '=='))\""
      " && openssl pkeyutl -verify -rawin -pubin -inkey key.pub -in signed -sigfile signature");
  CHECK(done.status == 0);
}

}  // namespace ratls
