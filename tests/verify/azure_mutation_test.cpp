// Every bit and every length of an Azure guest's evidence: what no link of the chain covers must be
// refused by its shape, and nothing is accepted.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/hcl_report.h>
#include <ratls/verify/azure/detail/checks.h>

#include "tests/verify/azure_guest.h"

using namespace ratls;
using ratls::test::AzureScene;

namespace {

constexpr std::size_t kReport = 32;
constexpr std::size_t kReportEnd = kReport + kSnpReportSize;
constexpr std::size_t kRuntime = kReportEnd + 20;
constexpr std::size_t kExtraSize =
    4 + 2 + 2 + 34;  // of the quote: where its qualifying data's size is
constexpr std::size_t kExtra = kExtraSize + 2;
constexpr std::size_t kClock = kExtra + 48;
constexpr std::size_t kSafe = kClock + 16;
constexpr std::size_t kBanks = kClock + 25;
constexpr std::size_t kSelection = kBanks + 7;
constexpr std::size_t kDigestSize = kSelection + 3;
constexpr std::size_t kDigest = kDigestSize + 2;

/// One scene and one verifier, which remembers what has verified: most changes cost no arithmetic.
class Judge {
 public:
  Judge() : clock_(test::SimWorld::now()), verifier_(scene_.policy(), clock_) {
    const Verdict good = verdict(*scene_.envelope.azure);
    INFO(good.text());
    REQUIRE(good.accepted);
  }

  [[nodiscard]] const AzureEvidence& good() const { return *scene_.envelope.azure; }
  [[nodiscard]] Verdict verdict(const AzureEvidence& sent) const {
    EvidenceEnvelope envelope = scene_.envelope;
    envelope.azure = sent;
    const auto evidence = envelope.encode();
    REQUIRE(evidence);
    return verifier_.verify(*evidence, AzureScene::view()).verdict;
  }
  /// Why it is refused; fails the test where it is not.
  [[nodiscard]] Reason refusal(const AzureEvidence& sent) const {
    const Verdict got = verdict(sent);
    REQUIRE_FALSE(got.accepted);
    REQUIRE_FALSE(got.authentic);
    REQUIRE(got.reason);
    return *got.reason;
  }

 private:
  AzureScene scene_;
  FixedClock clock_;
  Verifier verifier_;
};

using Part = Bytes AzureEvidence::*;

AzureEvidence flipped(const AzureEvidence& good, Part part, std::size_t byte, unsigned bit) {
  AzureEvidence out = good;
  (out.*part).at(byte) ^= static_cast<std::uint8_t>(1U << bit);
  return out;
}

bool is_shape_of_hcl(Reason reason) {
  return reason == Reason::malformed_hcl_report || reason == Reason::unsupported_hcl_report;
}

// What a bit of the quote at `byte` is refused for, where it is one thing only.
Reason wanted_of_quote(std::size_t byte) {
  if (byte >= kExtra && byte < kClock) return Reason::quote_binding_mismatch;
  const bool counted = byte >= kClock && byte < kBanks;
  if ((counted && byte != kSafe) || byte >= kDigest) return Reason::quote_signature_invalid;
  return Reason::malformed_tpm_quote;
}

}  // namespace

TEST_CASE("every bit around the report in the paravisor's frame is refused") {
  const Judge judge;
  const std::size_t size = judge.good().hcl_report.size();
  for (std::size_t byte = 0; byte < size; ++byte) {
    if (byte == kReport) byte = kReportEnd;
    for (unsigned bit = 0; bit < 8; ++bit) {
      INFO(byte << ", bit " << bit);
      const Reason got =
          judge.refusal(flipped(judge.good(), &AzureEvidence::hcl_report, byte, bit));
      CHECK((byte >= kRuntime ? got == Reason::runtime_data_mismatch : is_shape_of_hcl(got)));
    }
  }
}

TEST_CASE("every byte of the report inside the frame is refused") {
  const Judge judge;
  for (std::size_t byte = kReport; byte < kReportEnd; ++byte) {
    INFO(byte);
    const Reason got =
        judge.refusal(flipped(judge.good(), &AzureEvidence::hcl_report, byte, byte % 8));
    const std::size_t place = byte - kReport;
    if (place >= 0x50 && place < 0x90) CHECK(got == Reason::runtime_data_mismatch);
  }
}

TEST_CASE("every bit of the quote is refused, for what it is") {
  const Judge judge;
  const std::size_t size = judge.good().quote.size();
  REQUIRE(size == kDigest + 32);
  for (std::size_t byte = 0; byte < size; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      INFO(byte << ", bit " << bit);
      const Reason got = judge.refusal(flipped(judge.good(), &AzureEvidence::quote, byte, bit));
      // The signer's name is covered by the signature alone, its size by shape or by what follows;
      // a PCR less is one value too many, once the signature has been looked at.
      const bool loose = (byte >= 6 && byte < kExtra) || byte == kSafe ||
                         (byte >= kSelection && byte < kDigestSize);
      if (!loose) CHECK(got == wanted_of_quote(byte));
    }
  }
}

TEST_CASE("every bit of the quote's signature, and of the PCRs' values, is refused") {
  const Judge judge;
  for (const auto& [part, want] :
       {std::pair(&AzureEvidence::signature, Reason::quote_signature_invalid),
        std::pair(&AzureEvidence::pcr_values, Reason::pcr_values_mismatch)}) {
    for (std::size_t byte = 0; byte < (judge.good().*part).size(); ++byte) {
      INFO(byte);
      CHECK(judge.refusal(flipped(judge.good(), part, byte, byte % 8)) == want);
    }
  }
}

TEST_CASE("every prefix of each part of an Azure guest's evidence is refused, and a byte more") {
  const Judge judge;
  const auto part = GENERATE(&AzureEvidence::hcl_report, &AzureEvidence::quote,
                             &AzureEvidence::signature, &AzureEvidence::pcr_values);
  for (std::size_t size = 0; size < (judge.good().*part).size(); ++size) {
    INFO(size);
    AzureEvidence cut = judge.good();
    (cut.*part).resize(size);
    static_cast<void>(judge.refusal(cut));
  }
  for (const std::uint8_t more : {std::uint8_t{0}, std::uint8_t{1}}) {
    AzureEvidence longer = judge.good();
    (longer.*part).push_back(more);
    // Zeros behind an HCL report are those of its index, and mean nothing.
    if (part == &AzureEvidence::hcl_report && more == 0) continue;
    static_cast<void>(judge.refusal(longer));
  }
}

TEST_CASE("every prefix of the four parts' encoding is refused, and a byte more") {
  const Judge judge;
  const Bytes good = judge.good().encode();
  REQUIRE(AzureEvidence::decode(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK_FALSE(AzureEvidence::decode(ByteView(good).first(size)));
  }
  Bytes longer = good;
  longer.push_back(0);
  CHECK(AzureEvidence::decode(longer).error().reason() == Reason::malformed_evidence);
}

TEST_CASE("each of the 64 bytes of REPORT_DATA counts: the digest, and the zeros behind it") {
  const std::string runtime = sim::runtime_data_json(test::shared_vtpm().modulus());
  HclReport hcl;
  const ByteView text = as_bytes(runtime);
  hcl.runtime_data.assign(text.begin(), text.end());
  const ReportData good = sim::paravisor_report_data(text);
  REQUIRE(azure::detail::check_runtime_data(hcl, good));
  for (std::size_t byte = 0; byte < ReportData::kSize; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      INFO(byte << ", bit " << bit);
      ReportData other = good;
      other.mutable_view()[byte] ^= static_cast<std::uint8_t>(1U << bit);
      const auto got = azure::detail::check_runtime_data(hcl, other);
      REQUIRE_FALSE(got);
      CHECK(got.error().reason() == Reason::runtime_data_mismatch);
    }
  }
}

TEST_CASE("runtime data is strict JSON: what two readers may read in two ways is refused") {
  const std::string good = sim::runtime_data_json(test::shared_vtpm().modulus());
  REQUIRE(azure::detail::parse_runtime_data(as_bytes(good)));
  const std::string ak = good.substr(9, good.find(']') - 9);  // the one key, with its braces
  const std::string rest = good.substr(good.find(']'));
  const std::string second = R"({"kty":"RSA","e":"AQAB","n":"AQ","kid":)";
  const std::string deep(17, '[');
  const auto [name, text] = GENERATE_COPY(table<std::string, std::string>({
      {"a comma at the end", good.substr(0, good.size() - 1) + ",}"},
      {"a comment", "/**/" + good},
      {"a byte order mark", "\xef\xbb\xbf" + good},
      {"a zero byte", good + std::string(1, '\0')},
      {"something behind it", good + "{}"},
      {"bytes that are not UTF-8", R"({"a":")"
                                   "\xff"
                                   R"(",)" +
                                       good.substr(1)},
      {"a line break in a text", "{\"a\":\"\n\"," + good.substr(1)},
      {"nested 17 deep", R"({"a":)" + deep + std::string(17, ']') + "," + good.substr(1)},
      {"a member of the root twice", R"({"user-data":"",)" + good.substr(1)},
      {"a member of the key twice", R"({"keys":[{"e":"AQAB",)" + ak.substr(1) + rest},
      {"a member twice, once in escapes", R"({"keys":[{"\u0065":"AQAB",)" + ak.substr(1) + rest},
      {"a second key, its name in escapes",
       R"({"keys":[)" + second + R"("\u0048CLAkPub"},)" + ak + rest},
      {"a key without a name", R"({"keys":[{"kty":"RSA"},)" + ak + rest},
      {"a key that is no object", R"({"keys":[1,)" + ak + rest},
      {"keys that are no list", R"({"keys":{"a":)" + ak + "}" + rest.substr(1)},
      {"no keys", R"({"keys":[]})"},
      {"the name in lower case", R"({"keys":[)" + second + R"("hclakpub"}]})"},
      {"an empty modulus", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":""}]})"},
      {"a modulus that is a number",
       R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":1}]})"},
      {"an exponent of zeros", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AAAA","n":"AQ"}]})"},
      {"plain base64", R"({"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"+/8A"}]})"},
      {"no object", "[]"},
      {"nothing", ""},
  }));
  INFO(name << ": " << text);
  const auto got = azure::detail::parse_runtime_data(as_bytes(text));
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::malformed_runtime_data);
}

TEST_CASE("every prefix of runtime data is refused") {
  const std::string good = sim::runtime_data_json(test::shared_vtpm().modulus());
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK_FALSE(azure::detail::parse_runtime_data(as_bytes(good).first(size)));
  }
}

TEST_CASE("an attestation key that is no RSA key of a fit size verifies no quote") {
  AzureScene scene;
  azure::detail::RuntimeData runtime;
  runtime.ak_exponent = {1, 0, 1};
  const Bytes modulus = test::shared_vtpm().modulus();
  runtime.ak_modulus = modulus;
  REQUIRE(azure::detail::check_quote_signature(runtime, *scene.envelope.azure));
  const auto refused = [&] {
    const auto got = azure::detail::check_quote_signature(runtime, *scene.envelope.azure);
    return !got && got.error().reason() == Reason::quote_signature_invalid;
  };
  runtime.ak_modulus = Bytes(modulus.begin(), modulus.begin() + 128);
  CHECK(refused());
  runtime.ak_modulus = Bytes(1024, 0xff);
  CHECK(refused());
  runtime.ak_modulus = {1};
  CHECK(refused());
  runtime.ak_modulus = modulus;
  for (const Bytes& exponent : {Bytes{1}, Bytes{3}, Bytes{2}, Bytes(9, 0xff)}) {
    runtime.ak_exponent = exponent;
    CHECK(refused());
  }
}
