// Signatures that minisign made, signatures that it would read, and files that are neither.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/base64.h>
#include <ratls/verify/minisign.h>

namespace ratls {

namespace {

// Made by minisign 0.11 over "ratls\n": `-G -W`, `-S -t ...`, `-S -l -t ...`.
const std::string kPublic =
    "untrusted comment: minisign public key 60136B3AA5FA37DB\n"
    "RWTbN/qlOmsTYH9vMPqEvAMxNx6fQwXlZmsLyM3nRGigde8W7hz2ih1Q\n";
const std::string kHashed =
    "untrusted comment: signature from minisign secret key\n"
    "RUTbN/qlOmsTYP4ky4R2JFkCFFDCAiy75xu3ZvuoxvZEuxgdRP1g/qENlQaaPw/"
    "DrOImckpNskW9YDZI0ef8LpQfFnfNTV/54A4=\n"
    "trusted comment: made by minisign 0.11\n"
    "rqlHb+SVW18no8HExQSd+INRiS4hn4D9qcVTjxAY951xMjs5YQw8ClA603lOmRsmGKThjsWzJ+xQy7eLzaR8CQ==\n";
const std::string kLegacy =
    "untrusted comment: signature from minisign secret key\n"
    "RWTbN/qlOmsTYHXuhmwVQwnfDNpC22NBKvZWTwKQ2pKmO8l4ohZx3Au7auWNHv3Lkbz6gCNO/"
    "fZLyQg4Z5MX4JVYlpaY0aaRLAE=\n"
    "trusted comment: made by minisign 0.11\n"
    "f4HWj9+5E2yFwGRd7fD5tUD3DsqUIXlbkxDYpUgyL2POw4+2Lu9ei1xIVg/Alj4fL39aRGwDmu1HgV5E/Cq5DA==\n";
const std::string kMessage = "ratls\n";

MinisignPublicKey key() {
  return MinisignPublicKey::parse(as_bytes(kPublic)).value();
}

std::string said(const std::string& message, const std::string& signature) {
  const auto comment = minisign_verify(key(), as_bytes(message), as_bytes(signature));
  if (comment) return *comment;
  CHECK(comment.error().reason() == Reason::policy_signature_invalid);
  return comment.error().detail();
}

std::string secret_file(const MinisignSecretKey& key) {
  return key.file().value().expose([](ByteView bytes) { return to_string(bytes); });
}

}  // namespace

TEST_CASE("both forms of minisign's signatures verify, and tell the trusted comment") {
  CHECK(said(kMessage, kHashed) == "made by minisign 0.11");
  CHECK(said(kMessage, kLegacy) == "made by minisign 0.11");
  CHECK(text(key().id) == "60136B3AA5FA37DB");
}

TEST_CASE("a change of message, signature or trusted comment is refused") {
  for (const std::string& good : {kHashed, kLegacy}) {
    CHECK(said("ratls", good) == "the signature does not verify");
    std::string comment = good;
    comment.replace(comment.find("0.11"), 4, "0.12");
    CHECK(said(kMessage, comment) == "the trusted comment is not the signer's");
    for (std::size_t line = 1; line <= 3; line += 2) {
      std::size_t at = 0;
      for (std::size_t i = 0; i < line; ++i) at = good.find('\n', at) + 1;
      const std::size_t end = good.find('\n', at);
      for (std::size_t i = at; i < end - 2; ++i) {
        std::string changed = good;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (said(kMessage, changed) == "made by minisign 0.11") FAIL_CHECK(i);
      }
    }
  }
}

TEST_CASE("the two forms are not one: a hashed signature is none over the message itself") {
  std::string other = kHashed;
  const auto at = other.find("RUT");
  other.replace(at, 3, "RWT");
  CHECK(said(kMessage, other) == "the signature does not verify");
}

TEST_CASE("what is no signature file is refused, and every prefix of one") {
  const std::string bad =
      GENERATE(std::string(), std::string("x"), kPublic, std::string("\n\n\n\n"),
               kHashed + "more\n", std::string(5000, 'A'));
  CHECK(said(kMessage, bad) == "not a minisign signature file");
  for (std::size_t size = 0; size + 1 < kHashed.size(); ++size) {
    if (said(kMessage, kHashed.substr(0, size)) == "made by minisign 0.11") FAIL_CHECK(size);
  }
}

TEST_CASE("a comment that could reach a terminal as more than text is refused") {
  std::string escape = kHashed;
  escape.replace(escape.find("made"), 4, "\x1b[31m");
  CHECK(said(kMessage, escape) == "the trusted comment is not plain ASCII");
}

TEST_CASE("a signature by another key names both keys") {
  const auto other = MinisignSecretKey::generate().value();
  const auto signature = other.sign(as_bytes(kMessage), "ours").value();
  const std::string error = said(kMessage, signature);
  CHECK(error ==
        "signed by key " + text(other.public_key().id) + ", and 60136B3AA5FA37DB is wanted");
  CHECK(minisign_verify(other.public_key(), as_bytes(kMessage), as_bytes(signature)).value() ==
        "ours");
}

TEST_CASE("keys are read as they are written, the public one also as its line alone") {
  const auto made = MinisignSecretKey::generate().value();
  const auto read = MinisignSecretKey::parse(as_bytes(secret_file(made)));
  REQUIRE(read);
  CHECK(read->public_key().key == made.public_key().key);
  CHECK(MinisignPublicKey::parse(as_bytes(made.public_key().file()))->id == made.public_key().id);
  const std::string line = kPublic.substr(kPublic.find('\n') + 1);
  CHECK(MinisignPublicKey::parse(as_bytes(line))->key == key().key);
  for (const char* wrong : {"", "x", "untrusted comment: a\nRWTb\n", "\n"}) {
    CHECK(MinisignPublicKey::parse(as_bytes(wrong)).error().reason() == Reason::invalid_config);
    CHECK(MinisignSecretKey::parse(as_bytes(wrong)).error().reason() == Reason::invalid_config);
  }
}

TEST_CASE("a secret key with a password says so, and one that is damaged too") {
  const auto made = MinisignSecretKey::generate().value();
  const std::string file = secret_file(made);
  const auto start = file.find('\n') + 1;
  auto blob = from_base64(file.substr(start, file.size() - start - 1)).value();
  const auto error_with = [&](std::size_t at, std::uint8_t value) {
    auto changed = blob;
    changed[at] = value;
    const auto read =
        MinisignSecretKey::parse(as_bytes("untrusted comment: x\n" + to_base64(changed) + "\n"));
    return read ? std::string("accepted") : read.error().detail();
  };
  CHECK(error_with(2, 'S').find("has a password") != std::string::npos);
  CHECK(error_with(70, static_cast<std::uint8_t>(blob[70] ^ 1)) == "the secret key is damaged");
  CHECK(error_with(100, static_cast<std::uint8_t>(blob[100] ^ 1)) == "the secret key is damaged");
  CHECK(error_with(157, static_cast<std::uint8_t>(blob[157] ^ 1)) == "the secret key is damaged");
}

TEST_CASE("a trusted comment of more than one line is not signed") {
  const auto made = MinisignSecretKey::generate().value();
  CHECK(made.sign({}, "a\nb").error().reason() == Reason::invalid_config);
  CHECK(made.sign({}, std::string(1025, 'a')).error().reason() == Reason::invalid_config);
}

}  // namespace ratls
