// Evidence of a peer: claims against this side's own view of the session.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/merkle.h>
#include <ratls/core/signing_key.h>

#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

const Bytes kSpki(91, 0x5a);

Claims claims_of(Role role, Level level) {
  Claims out;
  out.role = role;
  out.level = level;
  out.pubkey_hash = hash_spki(kSpki);
  if (level != Level::key) out.binder = Binder(std::array<std::uint8_t, 48>{1, 2, 3});
  return out;
}

struct PeerOptions {
  Claims claims = claims_of(Role::client, Level::exporter);
  std::size_t others = 0;  ///< sessions that share the report
  std::function<void(EvidenceEnvelope&)> change = [](auto&) {};
  std::function<void(sim::ReportOptions&)> report = [](auto&) {};
  std::optional<ReportData> report_data = std::nullopt;
};

Bytes evidence_of(const PeerOptions& options, SimulatorRoot* root) {
  const Bytes cbor = options.claims.encode().value();
  std::vector<merkle::Node> leaves{merkle::leaf(cbor)};
  for (std::size_t i = 0; i < options.others; ++i) {
    leaves.push_back(merkle::leaf(Bytes(i + 1, 0x77)));
  }
  const auto tree = merkle::build(leaves).value();
  SimulatedOptions simulated;
  simulated.report_data = options.report_data.value_or(report_data_for(tree.root));
  simulated.report = options.report;
  const Simulated world(simulated);
  *root = world.root;
  EvidenceEnvelope envelope;
  envelope.report = world.report;
  envelope.endorsement = world.endorsement;
  envelope.claims = cbor;
  if (options.others > 0) envelope.path = tree.paths.front().encode().value();
  options.change(envelope);
  return envelope.encode().value();
}

SessionView view_of(Role role = Role::client, Level minimum = Level::exporter) {
  SessionView out;
  out.peer_spki = kSpki;
  out.role = role;
  out.minimum = minimum;
  out.binder = Binder(std::array<std::uint8_t, 48>{1, 2, 3});
  return out;
}

Policy policy_over(const SimulatorRoot& root) {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  return Policy::allow_only("agent", Covers::image, {golden})
      .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
      .any_chip()
      .any_platform()
      .revocation(Revocation::accept_missing())
      .dangerously_accept_milan()
      .dangerously_trust_simulator(root)
      .build()
      .value();
}

Outcome<VerifiedPeer> judge(const PeerOptions& options, const SessionView& view = view_of()) {
  SimulatorRoot root;
  const Bytes evidence = evidence_of(options, &root);
  const FixedClock clock(test::kNow);
  return Verifier(policy_over(root), clock).verify(evidence, view);
}

std::string reason(const PeerOptions& options, const SessionView& view = view_of()) {
  const auto outcome = judge(options, view);
  return outcome.verdict.reason ? std::string(code(*outcome.verdict.reason)) : "accepted";
}

}  // namespace

TEST_CASE("evidence that matches this session is accepted and tells who the peer is") {
  const auto outcome = judge({});
  INFO(outcome.verdict.text());
  REQUIRE(outcome.accepted);
  CHECK(outcome.accepted->level() == Level::exporter);
  CHECK(outcome.accepted->spki_hash() == hash_spki(kSpki));
  CHECK(outcome.accepted->simulated());
  CHECK(outcome.accepted->guest_name() == "agent");
  CHECK(outcome.accepted->covers() == Covers::image);
  CHECK(outcome.accepted->product() == snp::Product::milan);
  CHECK(outcome.accepted->measurement().view()[0] ==
        sim::GuestLaunch::default_measurement().view()[0]);
  CHECK(outcome.verdict.simulated);
  CHECK(outcome.verdict.scope == Scope::session);
  CHECK(outcome.verdict.text().find("SIMULATED") != std::string::npos);
}

TEST_CASE("every valid role and level is accepted where it is expected and demanded") {
  struct Pair {
    Role role;
    Level level;
  };
  const auto pair = GENERATE(Pair{Role::client, Level::key}, Pair{Role::client, Level::exporter},
                             Pair{Role::server, Level::key}, Pair{Role::server, Level::handshake},
                             Pair{Role::post_handshake_client, Level::exporter},
                             Pair{Role::post_handshake_server, Level::exporter});
  PeerOptions options;
  options.claims = claims_of(pair.role, pair.level);
  CHECK(reason(options, view_of(pair.role, pair.level)) == "accepted");
}

TEST_CASE("attack 5: less than the demanded level is refused, more is not") {
  PeerOptions options;
  options.claims = claims_of(Role::client, Level::key);
  CHECK(reason(options, view_of(Role::client, Level::exporter)) == "level_too_low");
  CHECK(reason(options, view_of(Role::client, Level::handshake)) == "level_too_low");
  options.claims = claims_of(Role::client, Level::exporter);
  CHECK(reason(options, view_of(Role::client, Level::handshake)) == "accepted");
  CHECK(reason(options, view_of(Role::client, Level::key)) == "accepted");
}

TEST_CASE("attack 4: evidence of one role shown in another is refused") {
  PeerOptions options;
  options.claims = claims_of(Role::post_handshake_server, Level::exporter);
  CHECK(reason(options, view_of(Role::post_handshake_client)) == "binding_mismatch");
  CHECK(reason(options, view_of(Role::client)) == "binding_mismatch");
}

TEST_CASE("attacks 1 and 2: evidence of another session with the same key is refused") {
  SessionView view = view_of();
  view.binder.mutable_view()[47] ^= 1;
  CHECK(reason({}, view) == "binding_mismatch");
}

TEST_CASE("evidence for another TLS key is refused at every level") {
  const Bytes other(91, 0x5b);
  SessionView view = view_of();
  view.peer_spki = other;
  CHECK(reason({}, view) == "binding_mismatch");
  PeerOptions options;
  options.claims = claims_of(Role::client, Level::key);
  view.minimum = Level::key;
  CHECK(reason(options, view) == "binding_mismatch");
}

TEST_CASE("a peer without a certificate hashes the empty string") {
  PeerOptions options;
  options.claims = claims_of(Role::post_handshake_client, Level::exporter);
  options.claims.pubkey_hash = hash_spki({});
  SessionView view = view_of(Role::post_handshake_client);
  view.peer_spki = {};
  CHECK(reason(options, view) == "accepted");
}

TEST_CASE("attack 6: REPORT_DATA of another protocol is refused") {
  PeerOptions options;
  options.report_data = ReportData();
  CHECK(reason(options) == "binding_mismatch");
  // The bare hash, without the domain prefix.
  ReportData bare;
  const auto leaf = merkle::leaf(options.claims.encode().value());
  copy_bytes(leaf.view(), bare.mutable_view().first<48>());
  options.report_data = bare;
  CHECK(reason(options) == "binding_mismatch");
}

TEST_CASE("one report serves many sessions, each with its own path") {
  PeerOptions options;
  for (const std::size_t others : {1U, 2U, 5U, 200U}) {
    options.others = others;
    CHECK(reason(options) == "accepted");
  }
}

TEST_CASE("attack 11: a forged, missing or foreign path is refused") {
  PeerOptions options;
  options.others = 5;
  options.change = [](auto& envelope) { envelope.path.reset(); };
  CHECK(reason(options) == "binding_mismatch");
  options.change = [](auto& envelope) {
    auto path = merkle::Path::decode(*envelope.path).value();
    path.siblings[0].mutable_view()[0] ^= 1;
    envelope.path = path.encode().value();
  };
  CHECK(reason(options) == "binding_mismatch");
  options.change = [](auto& envelope) {
    auto path = merkle::Path::decode(*envelope.path).value();
    path.sides ^= 1;
    envelope.path = path.encode().value();
  };
  CHECK(reason(options) == "binding_mismatch");
  options.change = [](auto& envelope) { envelope.path->back() ^= 1; };
  CHECK(reason(options) == "binding_mismatch");
  options.change = [](auto& envelope) { envelope.path = Bytes{0x82, 0x00, 0x80}; };
  CHECK(reason(options) == "malformed_evidence");
}

TEST_CASE("changed claims are refused although the report is genuine") {
  PeerOptions options;
  options.change = [](auto& envelope) {
    auto claims = claims_of(Role::client, Level::exporter);
    claims.pubkey_hash = hash_spki(Bytes(3, 1));
    envelope.claims = claims.encode().value();
  };
  CHECK(reason(options) == "binding_mismatch");
  options.change = [](auto& envelope) { envelope.claims = Bytes{0xa0}; };
  CHECK(reason(options) == "malformed_evidence");
}

TEST_CASE("evidence without an endorsement is refused as such") {
  PeerOptions options;
  options.change = [](auto& envelope) { envelope.endorsement.reset(); };
  CHECK(reason(options) == "missing_endorsement");
}

TEST_CASE("the binding is judged before any signature") {
  PeerOptions options;
  options.report_data = ReportData();
  options.change = [](auto& envelope) { envelope.endorsement = Bytes(100, 0); };
  const auto verdict = judge(options).verdict;
  CHECK(verdict.reason == Reason::binding_mismatch);
  CHECK(verdict.find("endorsement")->status == CheckStatus::skipped);
}

TEST_CASE("every prefix of evidence, one byte more, and every flipped bit is refused") {
  SimulatorRoot root;
  PeerOptions options;
  options.others = 3;
  const Bytes good = evidence_of(options, &root);
  const FixedClock clock(test::kNow);
  const Verifier verifier(policy_over(root), clock);
  REQUIRE(verifier.verify(good, view_of()).accepted);
  for (std::size_t size = 0; size < good.size(); ++size) {
    if (verifier.verify(ByteView(good).first(size), view_of()).accepted) FAIL_CHECK(size);
  }
  Bytes longer = good;
  longer.push_back(0);
  CHECK_FALSE(verifier.verify(longer, view_of()).accepted);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    if (verifier.verify(flipped, view_of()).accepted) FAIL_CHECK("bit " << bit);
  }
}

TEST_CASE("the claimed origin of unbelieved evidence helps to find its certificate") {
  SimulatorRoot root;
  Trail trail(Scope::session);
  const Bytes evidence = evidence_of({}, &root);
  auto parsed = ParsedEvidence::parse(evidence, trail);
  REQUIRE(parsed);
  const auto origin = parsed->claimed_origin();
  REQUIRE(origin);
  CHECK(origin->product == snp::Product::milan);
  CHECK(origin->version == 5);
  CHECK(origin->signing_key == snp::SigningKeyKind::vcek);
}

TEST_CASE("a stage that was moved from is empty, and the next step refuses it") {
  SimulatorRoot root;
  Trail trail(Scope::session);
  const Bytes evidence = evidence_of({}, &root);
  auto parsed = ParsedEvidence::parse(evidence, trail).value();
  const auto bound = bind(std::move(parsed), view_of(), trail);
  REQUIRE(bound);
  // NOLINTBEGIN(bugprone-use-after-move): that is what is tested
  CHECK_FALSE(parsed.claimed_origin());
  const auto again = bind(std::move(parsed), view_of(), trail);
  REQUIRE_FALSE(again);
  CHECK(again.error().reason() == Reason::internal);
  auto outcome = judge({});
  const VerifiedPeer taken = std::move(*outcome.accepted);
  CHECK_FALSE(taken.measurement().is_zero());
  CHECK(outcome.accepted->measurement().is_zero());
  CHECK(outcome.accepted->level() == Level::key);
  CHECK(outcome.accepted->simulated());
  CHECK(outcome.accepted->covers() == Covers::firmware);
  CHECK(outcome.accepted->guest_name().empty());
  // NOLINTEND(bugprone-use-after-move)
}

}  // namespace ratls
