// A certificate judged without its session: what holds, what is refused, and what is never claimed.

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/leaves.h"
#include "tests/verify/simulated_leaf.h"

namespace ratls {

namespace {

using test::LeafOptions;
using test::SimulatedLeaf;

Outcome<AcceptedReport> judge(const SimulatedLeaf& leaf, ByteView file,
                              std::optional<ByteView> crl = std::nullopt) {
  const FixedClock clock(test::kNow);
  const Verifier verifier(leaf.world->policy().build().value(), clock);
  return verifier.verify_certificate({file, crl});
}

Reason reason(const SimulatedLeaf& leaf, ByteView file) {
  const auto outcome = judge(leaf, file);
  CHECK_FALSE(outcome.accepted);
  CHECK_FALSE(outcome.verdict.accepted);
  REQUIRE(outcome.verdict.reason);
  return *outcome.verdict.reason;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a consistent leaf is accepted, its binding skipped, and the last line says so") {
  const SimulatedLeaf leaf;
  const auto outcome = judge(leaf, leaf.der);
  REQUIRE(outcome.accepted);
  CHECK(outcome.verdict.scope == Scope::certificate);
  const Check* binding = outcome.verdict.find("binding");
  CHECK(binding->status == CheckStatus::skipped);
  CHECK(has(binding->hint, "session unknown"));
  CHECK(outcome.verdict.find("leaf_key")->status == CheckStatus::pass);
  const std::string text = outcome.verdict.text();
  CHECK(has(text.substr(text.rfind("ACCEPTED")), "SESSION UNKNOWN"));
  CHECK(outcome.accepted->guest_name() == "simulated");
}

TEST_CASE("a leaf at level key is bound to no session, and its verdict says so") {
  LeafOptions options;
  options.level = Level::key;
  const SimulatedLeaf leaf(options);
  const auto outcome = judge(leaf, leaf.der);
  REQUIRE(outcome.accepted);
  CHECK(has(outcome.verdict.find("binding")->hint, "bound to none"));
}

TEST_CASE("a leaf is read from PEM, and a chain of two is refused") {
  const SimulatedLeaf leaf;
  const std::string pem = test::pem_of("CERTIFICATE", leaf.der);
  CHECK(judge(leaf, as_bytes(pem)).accepted);
  CHECK(reason(leaf, as_bytes(pem + pem)) == Reason::malformed_certificate);
}

TEST_CASE("evidence about another key is refused although the certificate is self-signed") {
  LeafOptions options;
  options.claims = [](Claims& claims) { claims.pubkey_hash = hash_spki(as_bytes("another")); };
  const SimulatedLeaf leaf(options);
  CHECK(reason(leaf, leaf.der) == Reason::binding_mismatch);
}

TEST_CASE("evidence that was moved into another key's certificate is refused") {
  const SimulatedLeaf genuine;
  const SigningKey thief = SigningKey::generate().value();
  CHECK(reason(genuine, make_leaf(thief, genuine.evidence).value()) == Reason::binding_mismatch);
}

TEST_CASE("claims that REPORT_DATA does not cover are refused") {
  LeafOptions options;
  options.envelope = [](EvidenceEnvelope& envelope) { envelope.report[0x50] ^= 1; };
  const SimulatedLeaf leaf(options);
  CHECK(reason(leaf, leaf.der) == Reason::binding_mismatch);
}

TEST_CASE("a certificate that its own key did not sign is refused") {
  const SimulatedLeaf leaf;
  Bytes forged = leaf.der;
  forged[forged.size() - 3] ^= 1;
  CHECK(reason(leaf, forged) == Reason::malformed_certificate);
}

TEST_CASE("a plain certificate, another protocol's and rubbish each have their reason") {
  const SimulatedLeaf leaf;
  CHECK(reason(leaf, make_leaf(leaf.key, std::nullopt).value()) == Reason::malformed_certificate);
  const Bytes dice =
      test::leaf_with(leaf.key, {test::leaf_extension("2.23.133.5.4.9", Bytes(9, 1))});
  CHECK(reason(leaf, dice) == Reason::foreign_evidence);
  CHECK(reason(leaf, Bytes(100, 0x30)) == Reason::malformed_certificate);
  CHECK(reason(leaf, Bytes{}) == Reason::malformed_certificate);
}

TEST_CASE("the report inside a certificate is judged by all rules of the policy") {
  LeafOptions options;
  options.world.report = [](sim::ReportOptions& report) {
    report.launch.policy |= sim::kPolicyDebug;
  };
  const SimulatedLeaf leaf(options);
  CHECK(reason(leaf, leaf.der) == Reason::debug_allowed);
  LeafOptions unendorsed;
  unendorsed.envelope = [](EvidenceEnvelope& envelope) { envelope.endorsement.reset(); };
  const SimulatedLeaf bare(unendorsed);
  CHECK(reason(bare, bare.der) == Reason::missing_endorsement);
}

TEST_CASE("a revocation list that the operator gives counts instead of a stapled one") {
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - 3600};
  options.next_update = {test::kNow.unix_seconds + 3600};
  const Bytes clean = test::authority().crl(sim::Product::milan, options).value();
  options.revoked = {sim::Ca::ask};
  options.number = 2;
  const Bytes revoking = test::authority().crl(sim::Product::milan, options).value();
  LeafOptions stapled;
  stapled.envelope = [&](EvidenceEnvelope& envelope) { envelope.crl = clean; };
  const SimulatedLeaf leaf(stapled);
  CHECK(judge(leaf, leaf.der).accepted);
  CHECK(judge(leaf, leaf.der, ByteView(revoking)).verdict.reason == Reason::revoked);
}

TEST_CASE("no flipped bit of a leaf is accepted") {
  const SimulatedLeaf leaf;
  const FixedClock clock(test::kNow);
  const Verifier verifier(leaf.world->policy().build().value(), clock);
  for (std::size_t at = 0; at < leaf.der.size(); ++at) {
    Bytes changed = leaf.der;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1U << (at % 8)));
    INFO(at);
    CHECK_FALSE(verifier.verify_certificate({changed, std::nullopt}).accepted);
  }
}

}  // namespace ratls
