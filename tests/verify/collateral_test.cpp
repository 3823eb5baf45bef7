// Certificates and lists that the evidence does not carry.

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/session_fixture.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

/// A source that has what a test gives it, and notes what was asked.
class Shelf final : public CollateralSource {
 public:
  std::optional<Bytes> endorsement(const EndorsementQuery& query) override {
    asked = query;
    return certificate;
  }
  std::optional<Bytes> crl(const CrlQuery& query) override {
    asked_crl = query;
    return list;
  }
  void wanted(const EndorsementQuery& query) override { wanted_endorsement = query; }
  void wanted(const CrlQuery& query) override { wanted_crl = query; }

  std::optional<Bytes> certificate;
  std::optional<Bytes> list;
  std::optional<EndorsementQuery> asked;
  std::optional<CrlQuery> asked_crl;
  std::optional<EndorsementQuery> wanted_endorsement;
  std::optional<CrlQuery> wanted_crl;
};

constexpr std::int64_t kHour = 3600;

Bytes list_of(std::int64_t age_hours, std::vector<sim::Ca> revoked = {},
              sim::Product product = sim::Product::milan) {
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - age_hours * kHour};
  options.next_update = {test::kNow.unix_seconds + 100 * kHour};
  options.revoked = std::move(revoked);
  return test::authority().crl(product, options).value();
}

Policy policy_with(Revocation rule, const Simulated& world) {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  return Policy::allow_only("guest", Covers::image, {golden})
      .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
      .any_chip()
      .any_platform()
      .revocation(rule)
      .dangerously_accept_milan()
      .vlek_of({"CN=simulator.invalid"})
      .dangerously_trust_simulator(world.root)
      .build()
      .value();
}

const Simulated& world() {
  static const Simulated shared;
  return shared;
}

Verdict judge(const std::shared_ptr<Shelf>& shelf, const ReportFile& file,
              Revocation rule = Revocation::accept_missing(), const Simulated& of = world()) {
  const FixedClock clock(test::kNow);
  return Verifier(policy_with(rule, of), clock, shelf).verify_report(file).verdict;
}

std::string reason(const Verdict& verdict) {
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

ReportFile bare_report(const Simulated& of = world()) {
  ReportFile out;
  out.report = of.report;
  return out;
}

}  // namespace

TEST_CASE("a certificate that the evidence lacks is asked for by what the report claims") {
  const auto shelf = std::make_shared<Shelf>();
  shelf->certificate = world().endorsement;
  CHECK(reason(judge(shelf, bare_report())) == "accepted");
  REQUIRE(shelf->asked);
  CHECK(shelf->asked->kind == snp::SigningKeyKind::vcek);
  CHECK(shelf->asked->line == snp::ProductLine::milan);
  CHECK_FALSE(shelf->asked->chip_id.is_zero());
  CHECK_FALSE(shelf->wanted_endorsement);
}

TEST_CASE("a certificate that came with the evidence is judged, and nobody is asked") {
  const auto shelf = std::make_shared<Shelf>();
  CHECK(reason(judge(shelf, world().file())) == "accepted");
  CHECK_FALSE(shelf->asked);
}

TEST_CASE("a certificate that nobody has refuses the evidence and is wanted for the next time") {
  const auto shelf = std::make_shared<Shelf>();
  const Verdict verdict = judge(shelf, bare_report());
  CHECK(reason(verdict) == "missing_endorsement");
  CHECK(verdict.find("endorsement")->hint.find("store") != std::string::npos);
  REQUIRE(shelf->wanted_endorsement);
  CHECK(shelf->wanted_endorsement->line == snp::ProductLine::milan);
}

TEST_CASE("another chip's certificate from a collateral source is refused like any other") {
  SimulatedOptions options;
  options.certificate = [](sim::EndorsementShape& shape) {
    for (auto& extension : shape.extensions) {
      if (extension.oid == "1.3.6.1.4.1.3704.1.4") extension.value.back() ^= 1U;
    }
  };
  const Simulated other(options);
  const auto shelf = std::make_shared<Shelf>();
  shelf->certificate = other.endorsement;
  CHECK(reason(judge(shelf, bare_report())) == "chip_id_mismatch");
}

TEST_CASE("a list from a collateral source satisfies a policy that requires one") {
  const auto shelf = std::make_shared<Shelf>();
  shelf->list = list_of(1);
  CHECK(reason(judge(shelf, world().file(), Revocation::require(24))) == "accepted");
  REQUIRE(shelf->asked_crl);
  CHECK(shelf->asked_crl->line == snp::ProductLine::milan);
  CHECK(shelf->asked_crl->kind == snp::SigningKeyKind::vcek);
}

TEST_CASE("a VLEK asks for the list of the ASVK") {
  SimulatedOptions options;
  options.vlek = true;
  const Simulated vlek(options);
  const auto shelf = std::make_shared<Shelf>();
  static_cast<void>(judge(shelf, vlek.file(), Revocation::require(24), vlek));
  REQUIRE(shelf->wanted_crl);
  CHECK(shelf->wanted_crl->kind == snp::SigningKeyKind::vlek);
}

TEST_CASE("a list that nobody has, or only an old one, is wanted for the next time") {
  const auto none = std::make_shared<Shelf>();
  CHECK(reason(judge(none, world().file(), Revocation::require(24))) == "crl_missing");
  CHECK(none->wanted_crl);
  const auto old = std::make_shared<Shelf>();
  old->list = list_of(48);
  CHECK(reason(judge(old, world().file(), Revocation::require(24))) == "crl_stale");
  CHECK(old->wanted_crl);
}

TEST_CASE("of a stapled list and one at hand the newer decides about age") {
  const auto shelf = std::make_shared<Shelf>();
  shelf->list = list_of(1);
  const Bytes old = list_of(48);
  ReportFile file = world().file();
  file.crl = ByteView(old);
  CHECK(reason(judge(shelf, file, Revocation::require(24))) == "accepted");
  shelf->list = list_of(48);
  const Bytes fresh = list_of(1);
  file.crl = ByteView(fresh);
  CHECK(reason(judge(shelf, file, Revocation::require(24))) == "accepted");
}

TEST_CASE("an old list without an entry does not hide the revocation on the list at hand") {
  const auto shelf = std::make_shared<Shelf>();
  shelf->list = list_of(1, {sim::Ca::ask});
  const Bytes old = list_of(2);
  ReportFile file = world().file();
  file.crl = ByteView(old);
  CHECK(reason(judge(shelf, file, Revocation::require(24))) == "revoked");
  CHECK(reason(judge(shelf, file)) == "revoked");
}

TEST_CASE("a list at hand that AMD did not sign counts as none") {
  const auto shelf = std::make_shared<Shelf>();
  shelf->list = list_of(1);
  shelf->list->back() ^= 1U;
  CHECK(reason(judge(shelf, world().file(), Revocation::require(24))) == "crl_missing");
  CHECK(reason(judge(shelf, world().file())) == "accepted");
  shelf->list = list_of(1, {}, sim::Product::genoa);
  CHECK(reason(judge(shelf, world().file(), Revocation::require(24))) == "crl_missing");
}

}  // namespace ratls
