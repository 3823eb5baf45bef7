// Which instance of a guest it is: the identity claim against `instance_keys` of the policy.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/verify/policy_json.h>

#include "tests/core/certificate_parts.h"
#include "tests/verify/policy_sample.h"
#include "tests/verify/session_fixture.h"
#include "tests/verify/simulated_leaf.h"

namespace ratls {

namespace {

using test::LeafOptions;
using test::SimulatedLeaf;

Bytes owned(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

// An instance's key, with the certificate that its operator gave it.
struct Instance {
  explicit Instance(const SigningKey& issuer, Timestamp from = {test::kNow.unix_seconds - 86400},
                    Timestamp until = {test::kNow.unix_seconds + 86400}) {
    test::CertificateParts parts;
    parts.spki = owned(key.spki());
    parts.validity = der::sequence({der::time(from), der::time(until)});
    parts.signature = der::bit_string(issuer.sign_sha256(parts.tbs()).value());
    certificate = parts.der();
  }

  // As an attester adds it; the views of `out` point into this object.
  void vouch_for(Claims& out) {
    signature = key.sign_sha384(identity_message(out.encode().value()).value()).value();
    out.identity = IdentityClaim{certificate, signature};
  }
  [[nodiscard]] Sha256Digest pin() const { return crypto::sha256({key.spki()}); }

  SigningKey key = SigningKey::generate().value();
  Bytes certificate;
  Bytes signature;
};

struct Demand {
  std::vector<Sha256Digest> pins;
  std::vector<Bytes> issuers;
};

Outcome<AcceptedReport> judge(const SimulatedLeaf& leaf, const Demand& demand,
                              const Clock& clock = FixedClock(test::kNow)) {
  auto policy = leaf.world->policy().only_instance_keys(demand.pins, demand.issuers).build();
  return Verifier(policy.value(), clock).verify_certificate({leaf.der, std::nullopt});
}

std::optional<Reason> refusal(const SimulatedLeaf& leaf, const Demand& demand,
                              const Clock& clock = FixedClock(test::kNow)) {
  const auto outcome = judge(leaf, demand, clock);
  CHECK(outcome.accepted.has_value() == !outcome.verdict.reason.has_value());
  return outcome.verdict.reason;
}

SimulatedLeaf leaf_of(
    Instance& instance, const std::function<void(Claims&)>& afterwards = [](auto&) {}) {
  LeafOptions options;
  options.claims = [&](Claims& claims) {
    instance.vouch_for(claims);
    afterwards(claims);
  };
  return SimulatedLeaf(options);
}

}  // namespace

TEST_CASE("an instance is accepted by its pinned key, or by who issued it, and named") {
  const SigningKey operators_ca = SigningKey::generate().value();
  Instance instance(operators_ca);
  const SimulatedLeaf leaf = leaf_of(instance);
  const auto pinned = judge(leaf, {{instance.pin()}, {}});
  REQUIRE(pinned.accepted);
  CHECK(pinned.accepted->instance_key() == instance.pin());
  CHECK(pinned.verdict.json().find("\"instance_key\":\"" + instance.pin().hex()) !=
        std::string::npos);
  const auto issued = judge(leaf, {{}, {owned(operators_ca.spki())}});
  REQUIRE(issued.accepted);
  CHECK(issued.accepted->instance_key() == instance.pin());
}

TEST_CASE("where no rule asks for an instance its claim is not looked at, and not named") {
  Instance instance(SigningKey::generate().value());
  const SimulatedLeaf leaf =
      leaf_of(instance, [](Claims& claims) { claims.identity->signature = as_bytes("none"); });
  const FixedClock clock(test::kNow);
  const Verifier verifier(leaf.world->policy().build().value(), clock);
  const auto outcome = verifier.verify_certificate({leaf.der, std::nullopt});
  REQUIRE(outcome.accepted);
  CHECK_FALSE(outcome.accepted->instance_key());
  CHECK(outcome.verdict.find("instance_key") == nullptr);
}

TEST_CASE("evidence without an identity claim is refused where an instance is demanded") {
  Instance instance(SigningKey::generate().value());
  CHECK(refusal(SimulatedLeaf(), {{instance.pin()}, {}}) == Reason::instance_key_missing);
}

TEST_CASE("an instance that is neither pinned nor issued by an accepted key is refused") {
  const SigningKey operators_ca = SigningKey::generate().value();
  const SigningKey another_ca = SigningKey::generate().value();
  Instance instance(another_ca);
  Instance expected(operators_ca);
  const SimulatedLeaf leaf = leaf_of(instance);
  CHECK(refusal(leaf, {{expected.pin()}, {}}) == Reason::instance_key_not_allowed);
  CHECK(refusal(leaf, {{}, {owned(operators_ca.spki())}}) == Reason::instance_key_not_allowed);
  CHECK(refusal(leaf, {{expected.pin()}, {owned(operators_ca.spki())}}) ==
        Reason::instance_key_not_allowed);
}

TEST_CASE("a claim that was signed for another session or key is refused") {
  Instance instance(SigningKey::generate().value());
  const Demand demand{{instance.pin()}, {}};
  const SimulatedLeaf another_session = leaf_of(instance, [](Claims& claims) {
    claims.binder = Binder(std::array<std::uint8_t, 48>{9, 9, 9});
  });
  CHECK(refusal(another_session, demand) == Reason::instance_key_invalid);
  const SimulatedLeaf another_role =
      leaf_of(instance, [](Claims& claims) { claims.role = Role::post_handshake_client; });
  CHECK(refusal(another_role, demand) == Reason::instance_key_invalid);
}

TEST_CASE("a stolen certificate without its key opens nothing") {
  Instance instance(SigningKey::generate().value());
  Instance thief(SigningKey::generate().value());
  const SimulatedLeaf leaf =
      leaf_of(thief, [&](Claims& claims) { claims.identity->certificate = instance.certificate; });
  CHECK(refusal(leaf, {{instance.pin()}, {}}) == Reason::instance_key_invalid);
}

TEST_CASE("an identity claim whose parts are malformed is refused, and says what is wrong") {
  Instance instance(SigningKey::generate().value());
  const Demand demand{{instance.pin()}, {}};
  Bytes cut = instance.certificate;
  cut.pop_back();
  Bytes longer;
  const std::vector<std::function<void(Claims&)>> damages{
      [&](Claims& claims) { claims.identity->certificate = cut; },
      [&](Claims& claims) { claims.identity->certificate = {}; },
      [&](Claims& claims) { claims.identity->signature = {}; },
      [&](Claims& claims) {
        longer = owned(claims.identity->signature);
        longer.push_back(0);
        claims.identity->signature = longer;
      }};
  for (const auto& damage : damages) {
    const auto outcome = judge(leaf_of(instance, damage), demand);
    CHECK(outcome.verdict.reason == Reason::instance_key_invalid);
    CHECK_FALSE(outcome.verdict.find("instance_key")->got.empty());
  }
}

TEST_CASE(
    "an issued instance is judged by its dates at the verifier's clock, a pinned one is not") {
  const SigningKey operators_ca = SigningKey::generate().value();
  const Timestamp from{test::kNow.unix_seconds};
  const Timestamp until{test::kNow.unix_seconds + 3600};
  Instance instance(operators_ca, from, until);
  const SimulatedLeaf leaf = leaf_of(instance);
  const Demand issued{{}, {owned(operators_ca.spki())}};
  const Demand pinned{{instance.pin()}, {}};
  CHECK_FALSE(refusal(leaf, issued));
  CHECK_FALSE(refusal(leaf, issued, FixedClock(until)));
  const FixedClock late(Timestamp{until.unix_seconds + 1});
  CHECK(refusal(leaf, issued, late) == Reason::instance_key_expired);
  CHECK_FALSE(refusal(leaf, pinned, late));
  const FixedClock early(Timestamp{from.unix_seconds - 1});
  CHECK(refusal(leaf, issued, early) == Reason::instance_key_expired);
}

TEST_CASE("every flipped bit of an identity claim's signature is refused") {
  Instance instance(SigningKey::generate().value());
  const Demand demand{{instance.pin()}, {}};
  const std::size_t size = 70;  // the shortest that is likely; what is longer has its own cases
  for (std::size_t at = 0; at < size; at += 7) {
    Bytes damaged;
    const SimulatedLeaf leaf = leaf_of(instance, [&](Claims& claims) {
      damaged = owned(claims.identity->signature);
      damaged[std::min(at, damaged.size() - 1)] ^= 1U;
      claims.identity->signature = damaged;
    });
    CHECK(refusal(leaf, demand) == Reason::instance_key_invalid);
  }
}

TEST_CASE("a policy cannot demand an instance and accept none") {
  const SimulatedLeaf leaf;
  CHECK_FALSE(leaf.world->policy().only_instance_keys({}, {}).build());
  CHECK_FALSE(leaf.world->policy().only_instance_keys({}, {Bytes{1, 2, 3}}).build());
}

TEST_CASE("instance_keys of a policy file are read strictly") {
  const auto with = [](const nlohmann::json& value) {
    auto policy = test::policy();
    policy["accept"][0]["instance_keys"] = value;
    return test::error_of(policy);
  };
  const std::string pin = "sha256//" + std::string(43, 'A') + "=";
  const std::string key = to_hex(SigningKey::generate().value().spki());
  CHECK(with({{"pins", {pin}}}) == "accepted");
  CHECK(with({{"issuers", {key}}}) == "accepted");
  CHECK(with({{"pins", {pin}}, {"issuers", {key}}}) == "accepted");
  CHECK(test::has(with(nlohmann::json::object()), "needs pins, issuers, or both"));
  CHECK(test::has(with({{"pins", nlohmann::json::array()}}), "pins"));
  CHECK(test::has(with({{"pins", {"sha256//AAAA"}}}), "44 characters of base64"));
  CHECK(test::has(with({{"pins", {std::string(64, 'a')}}}), "44 characters of base64"));
  CHECK(test::has(with({{"issuers", {"3059"}}}), "SubjectPublicKeyInfo"));
  CHECK(test::has(with({{"issuers", {key + "00"}}}), "SubjectPublicKeyInfo"));
  CHECK(test::has(with({{"pin", {pin}}}), "pin"));
}

}  // namespace ratls
