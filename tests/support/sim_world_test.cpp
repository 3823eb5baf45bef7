#include "sim_world.h"

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/identity.h>
#include <ratls/core/crypto.h>

using namespace ratls;
using sim::Product;
using sim::SignedBy;
using test::SimWorld;

namespace {

const std::string_view kSpki = "the peer's SubjectPublicKeyInfo";
const Binder kBinder(crypto::sha384({as_bytes("binder")}).array());

SessionView session() {
  SessionView view;
  view.peer_spki = as_bytes(kSpki);
  view.binder = kBinder;
  return view;
}

Bytes evidence_from(std::unique_ptr<sim::Processor> processor) {
  const AttestedIdentity identity(test::start_attester(std::move(processor)));
  auto pending = identity.begin(Role::client, Level::exporter, kBinder, hash_spki(as_bytes(kSpki)));
  auto evidence = pending.take();
  REQUIRE(evidence.has_value());
  return std::move(evidence).value();
}

Reason refusal(SimWorld& world, const sim::ProcessorOptions& guest) {
  const auto outcome = world.verifier().verify(evidence_from(world.processor(guest)), session());
  CHECK_FALSE(outcome.accepted.has_value());
  REQUIRE(outcome.verdict.reason.has_value());
  return *outcome.verdict.reason;
}

}  // namespace

TEST_CASE("a verifier accepts the simulated guest of its policy, and says that it is simulated") {
  for (const Product product : sim::kAllProducts) {
    CAPTURE(sim::name(product));
    SimWorld world(product);
    const auto outcome = world.verifier().verify(evidence_from(world.processor()), session());
    CAPTURE(outcome.verdict.text());
    REQUIRE(outcome.accepted.has_value());
    CHECK(outcome.verdict.simulated);
    CHECK(outcome.accepted->simulated());
    CHECK(outcome.accepted->measurement().hex() == world.guest().report.launch.measurement.hex());
    CHECK(outcome.accepted->level() == Level::exporter);
    CHECK(outcome.accepted->spki_hash() == hash_spki(as_bytes(kSpki)));
  }
}

TEST_CASE("a verifier judges VLEK reports and old report versions as its policy says") {
  for (const Product product : sim::kAllProducts) {
    for (const std::uint32_t version : {2U, 3U, 4U, 5U}) {
      for (const SignedBy signed_by : {SignedBy::vcek, SignedBy::vlek}) {
        // Version 2 has no CPUID: such a report cannot be told from a Genoa one, and on Turin its
        // TCB layout cannot be known.
        const bool ambiguous = product == Product::turin || product == Product::bergamo_siena;
        if (version == 2 && ambiguous) continue;
        CAPTURE(sim::name(product), version, static_cast<int>(signed_by));
        SimWorld world(product);
        auto guest = world.guest();
        guest.report.version = version;
        guest.report.signed_by = signed_by;
        auto allowed = world.policy_options();
        allowed.report_versions = {version};
        allowed.csp_ids = {guest.csp_id};
        const Verifier verifier(world.policy(allowed), world.clock());
        const auto outcome = verifier.verify(evidence_from(world.processor(guest)), session());
        CAPTURE(outcome.verdict.text());
        CHECK(outcome.accepted.has_value());
      }
    }
  }
}

TEST_CASE("two hundred sessions on one report are each accepted in their own session only") {
  SimWorld world;
  const auto processor = world.processor();
  EvidenceQueue queue;
  std::vector<Bytes> spkis;
  std::vector<PendingEvidence> pending;
  for (std::uint8_t i = 0; i < 200; ++i) {
    spkis.push_back({i});
    pending.push_back(queue.submit({Role::client, Level::exporter, kBinder, hash_spki(spkis[i])}));
  }
  CHECK(queue.run_one(*processor).sessions == 200);
  CHECK(processor->signed_reports() == 1);
  const Verifier verifier = world.verifier();
  for (std::size_t i = 0; i < 200; i += 33) {
    const auto evidence = pending[i].take();
    REQUIRE(evidence.has_value());
    SessionView own = session();
    own.peer_spki = spkis[i];
    CHECK(verifier.verify(*evidence, own).accepted.has_value());
    SessionView other = session();
    other.peer_spki = spkis[i + 1];
    CHECK(verifier.verify(*evidence, other).verdict.reason == Reason::binding_mismatch);
  }
}

TEST_CASE("each change to the simulated guest is refused for its own reason") {
  SimWorld world;
  const auto changed = [&](auto change) {
    auto guest = world.guest();
    change(guest.report);
    return refusal(world, guest);
  };
  using Report = sim::ReportOptions;
  CHECK(changed([](Report& r) { r.launch.policy |= sim::kPolicyDebug; }) == Reason::debug_allowed);
  CHECK(changed([](Report& r) { r.launch.policy |= sim::kPolicyMigrateMa; }) ==
        Reason::migration_allowed);
  CHECK(changed([](Report& r) { r.vmpl = 1; }) == Reason::vmpl_not_allowed);
  CHECK(changed([](Report& r) { r.launch.measurement = {}; }) == Reason::measurement_not_allowed);
  CHECK(changed([](Report& r) { r.version = 2; }) == Reason::report_version_not_allowed);
  CHECK(changed([](Report& r) { r.version = 6; }) == Reason::unsupported_version);
  CHECK(changed([](Report& r) { r.mask_chip_key = true; }) == Reason::unsigned_report);
  CHECK(changed([](Report& r) { r.chip_id = {}; }) == Reason::chip_id_masked);
  CHECK(changed([](Report& r) { r.vmpl = 0xffffffff; }) == Reason::host_requested_report);
  CHECK(changed([](Report& r) { r.signature_algorithm = 2; }) == Reason::unsupported_algorithm);
  CHECK(changed([](Report& r) { r.signed_by = SignedBy::vlek; }) == Reason::csp_not_allowed);
  CHECK(changed([](Report& r) { --r.firmware.reported.microcode; }) == Reason::tcb_below_floor);
  CHECK(changed([](Report& r) { ++r.firmware.committed.snp; }) == Reason::tcb_order);
}

TEST_CASE("a policy for another product refuses the simulated guest") {
  SimWorld milan(Product::milan);
  SimWorld genoa(Product::genoa);
  const auto outcome = genoa.verifier().verify(evidence_from(milan.processor()), session());
  CHECK_FALSE(outcome.accepted.has_value());
  CHECK(outcome.verdict.reason == Reason::chain_untrusted);
}

TEST_CASE("evidence without an endorsement is refused as such") {
  SimWorld world;
  auto guest = world.guest();
  guest.supply_endorsement = false;
  CHECK(refusal(world, guest) == Reason::missing_endorsement);
}

TEST_CASE("simulated evidence has no value where the policy names no simulator") {
  SimWorld world;
  const auto processor = world.processor();
  const auto made = processor->get(ReportData{});
  REQUIRE(made.has_value());
  const ReportFile file{made->report, ByteView(*made->endorsement), std::nullopt, std::nullopt};
  const auto outcome = authenticate_report(file, world.clock());
  CHECK_FALSE(outcome.accepted.has_value());
  CHECK(outcome.verdict.reason == Reason::simulated_not_allowed);
}
