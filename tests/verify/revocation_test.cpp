// Revocation lists: whose, how old, and what they say.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crl.h>

#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using test::Simulated;
using test::SimulatedOptions;

constexpr std::int64_t kHour = 3600;

sim::CrlOptions fresh() {
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - 10 * kHour};
  options.next_update = {test::kNow.unix_seconds + 100 * kHour};
  return options;
}

Bytes crl(const sim::CrlOptions& options, sim::Product product = sim::Product::milan) {
  return test::authority().crl(product, options).value();
}

const Simulated& world() {
  static const Simulated shared;
  return shared;
}

Verdict judge(Revocation rule, const std::optional<Bytes>& list, const Simulated& evidence,
              ClockRule clock_rule = {}) {
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  auto needs = Policy::allow_only("guest", Covers::image, {golden})
                   .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                   .any_chip()
                   .any_platform();
  auto built = std::move(needs)
                   .revocation(rule)
                   .clock(clock_rule)
                   .dangerously_accept_milan()
                   .vlek_of({"CN=simulator.invalid"})
                   .dangerously_trust_simulator(evidence.root)
                   .build()
                   .value();
  const FixedClock clock(test::kNow);
  ReportFile file = evidence.file();
  if (list) file.crl = ByteView(*list);
  return Verifier(built, clock).verify_report(file).verdict;
}

std::string reason(Revocation rule, const std::optional<Bytes>& list,
                   const Simulated& evidence = world()) {
  const Verdict verdict = judge(rule, list, evidence);
  return verdict.reason ? std::string(code(*verdict.reason)) : "accepted";
}

const Revocation kRequire = Revocation::require(24);
const Revocation kAcceptMissing = Revocation::accept_missing();

}  // namespace

TEST_CASE("where a list is required its absence is refused, and where not it is said") {
  CHECK(reason(kRequire, std::nullopt) == "crl_missing");
  const Verdict verdict = judge(kAcceptMissing, std::nullopt, world());
  CHECK(verdict.accepted);
  CHECK(verdict.find("revocation")->got.find("no list") != std::string::npos);
}

TEST_CASE("a fresh list that names nobody is accepted") {
  CHECK(reason(kRequire, crl(fresh())) == "accepted");
  CHECK(reason(kAcceptMissing, crl(fresh())) == "accepted");
}

TEST_CASE("a list that names the issuing key or the root refuses everything below") {
  auto named = fresh();
  named.revoked = {sim::Ca::ask};
  const Verdict verdict = judge(kRequire, crl(named), world());
  CHECK(verdict.reason == Reason::revoked);
  CHECK(verdict.find("policy")->status == CheckStatus::skipped);
  for (const sim::Ca ca : {sim::Ca::ask, sim::Ca::ark}) {
    auto options = fresh();
    options.revoked = {ca};
    CHECK(reason(kRequire, crl(options)) == "revoked");
    CHECK(reason(kAcceptMissing, crl(options)) == "revoked");
  }
}

TEST_CASE("go-sev-guest (b): the ASVK's revocation refuses VLEKs, and leaves VCEKs alone") {
  auto options = fresh();
  options.revoked = {sim::Ca::asvk};
  SimulatedOptions vlek;
  vlek.vlek = true;
  CHECK(reason(kRequire, crl(options), Simulated(vlek)) == "revoked");
  CHECK(reason(kRequire, crl(options)) == "accepted");
}

TEST_CASE("an entry with serial 0 revokes no VCEK, although all have serial 0") {
  auto options = fresh();
  options.revoked_serials = {0};
  CHECK(reason(kRequire, crl(options)) == "accepted");
}

TEST_CASE("serials are compared as numbers, without regard to leading zeros") {
  auto options = fresh();
  options.revoked_serials = {0x10001};
  CHECK(reason(kRequire, crl(options)) == "revoked");
  options.revoked_serials = {0x1000100, 0x100, 0x01};
  CHECK(reason(kRequire, crl(options)) == "accepted");
}

TEST_CASE("an outdated list is refused where one is required") {
  auto late = fresh();
  late.next_update = test::kNow;
  CHECK(reason(kRequire, crl(late)) == "crl_stale");
  late.next_update = {test::kNow.unix_seconds + 1};
  CHECK(reason(kRequire, crl(late)) == "accepted");
  auto early = fresh();
  early.this_update = {test::kNow.unix_seconds + 1};
  CHECK(reason(kRequire, crl(early)) == "crl_stale");
  early.this_update = test::kNow;
  CHECK(reason(kRequire, crl(early)) == "accepted");
}

TEST_CASE("a list that begins within the allowed skew has begun, and one second later has not") {
  const auto judge_at = [](std::int64_t early, std::uint32_t skew) {
    auto options = fresh();
    options.this_update = {test::kNow.unix_seconds + early};
    return judge(kRequire, crl(options), world(), {skew, std::nullopt});
  };
  CHECK(judge_at(60, 60).accepted);
  const Verdict verdict = judge_at(61, 60);
  CHECK(verdict.reason == Reason::crl_stale);
  const std::string& hint = verdict.find("revocation")->hint;
  CHECK(hint.find("clock skew suspected: the clock is 61 s before the revocation list") == 0);
  CHECK(judge_at(1, 0).reason == Reason::crl_stale);
  CHECK(judge_at(86400 * 3, 3600).find("revocation")->hint.find("4 days before the revocation") !=
        std::string::npos);
}

TEST_CASE("an allowed skew keeps no list alive after its end") {
  auto options = fresh();
  options.next_update = test::kNow;
  const Verdict verdict =
      judge(kRequire, crl(options), world(), {ClockRule::kMaxSkewSeconds, std::nullopt});
  CHECK(verdict.reason == Reason::crl_stale);
  CHECK(verdict.find("revocation")->hint == sentence(Reason::crl_stale));
}

TEST_CASE("a list older than the policy allows is stale, to the second") {
  auto options = fresh();
  options.this_update = {test::kNow.unix_seconds - 24 * kHour};
  CHECK(reason(kRequire, crl(options)) == "accepted");
  options.this_update = {test::kNow.unix_seconds - 24 * kHour - 1};
  CHECK(reason(kRequire, crl(options)) == "crl_stale");
}

TEST_CASE("an outdated list still revokes, and otherwise counts as missing") {
  auto options = fresh();
  options.next_update = {test::kNow.unix_seconds - 1};
  CHECK(reason(kAcceptMissing, crl(options)) == "accepted");
  options.revoked = {sim::Ca::ask};
  CHECK(reason(kAcceptMissing, crl(options)) == "revoked");
}

TEST_CASE("a list of another product's ARK is invalid") {
  CHECK(reason(kRequire, crl(fresh(), sim::Product::genoa)) == "crl_invalid");
  CHECK(reason(kAcceptMissing, crl(fresh(), sim::Product::genoa)) == "crl_invalid");
}

TEST_CASE("no list with a flipped bit is believed") {
  const Bytes good = crl(fresh());
  for (std::size_t bit = 0; bit < good.size() * 8; bit += 3) {
    Bytes list = good;
    list[bit / 8] = static_cast<std::uint8_t>(list[bit / 8] ^ (1U << (bit % 8)));
    const std::string got = reason(kRequire, list);
    if (got != "crl_invalid") FAIL_CHECK("bit " << bit << ": " << got);
  }
}

TEST_CASE("garbage, prefixes and tails are no lists") {
  const Bytes good = crl(fresh());
  CHECK(reason(kRequire, Bytes{}) == "crl_missing");
  CHECK(reason(kRequire, Bytes(100, 0x30)) == "crl_invalid");
  Bytes longer = good;
  longer.push_back(0);
  CHECK(reason(kRequire, longer) == "crl_invalid");
  Bytes twice = good;
  append(twice, good);
  CHECK(reason(kRequire, twice) == "crl_invalid");
  CHECK_FALSE(Crl::parse(Bytes{}, Reason::crl_invalid));
  CHECK_FALSE(Crl::parse(Bytes(Crl::kMaxSize + 1, 0x30), Reason::crl_invalid));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(Crl::parse(ByteView(good).first(size), Reason::crl_invalid));
  }
}

TEST_CASE("a policy without revocation duty still needs a time to judge a list") {
  const FixedClock clock(std::nullopt);
  const Bytes list = crl(fresh());
  ReportFile file = world().file();
  file.crl = ByteView(list);
  const auto policy = world().policy().build().value();
  CHECK(Verifier(policy, clock).verify_report(file).verdict.reason == Reason::no_time);
}

}  // namespace ratls
