// What is remembered of evidence, and what is judged again every time.

#include <catch2/catch_test_macros.hpp>
#include <thread>

#include <ratls/core/detail/operation_count.h>
#include <ratls/verify/detail/bounded_cache.h>

#include "tests/verify/session_fixture.h"

namespace ratls {

namespace {

using detail::counted;
using detail::Operation;
using test::SharedReport;

const SharedReport& shared() {
  static const SharedReport of_three(3);
  return of_three;
}

/// Public-key operations on evidence since this was made.
class EvidenceWork {
 public:
  [[nodiscard]] std::uint64_t p384() const { return counted(Operation::p384_verify) - p384_; }
  [[nodiscard]] std::uint64_t rsa() const { return counted(Operation::rsa_verify) - rsa_; }

 private:
  std::uint64_t p384_ = counted(Operation::p384_verify);
  std::uint64_t rsa_ = counted(Operation::rsa_verify);
};

template <class T>
std::string reason(const Outcome<T>& outcome) {
  return outcome.verdict.reason ? std::string(code(*outcome.verdict.reason)) : "accepted";
}

std::string judge(const Verifier& verifier, const SharedReport& report, std::size_t session) {
  return reason(verifier.verify(report.evidence[session], SharedReport::view(session)));
}

Sha256Digest key_of(std::uint8_t first) {
  return Sha256Digest(std::array<std::uint8_t, 32>{first});
}

sim::CrlOptions fresh_list() {
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - 3600};
  options.next_update = {test::kNow.unix_seconds + 360000};
  return options;
}

}  // namespace

TEST_CASE("a second connection with the same evidence does no evidence public-key work") {
  const test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  const EvidenceWork first;
  CHECK(judge(verifier, shared(), 0) == "accepted");
  CHECK(first.p384() == 1);
  CHECK(first.rsa() == 1);
  const EvidenceWork second;
  CHECK(judge(verifier, shared(), 0) == "accepted");
  CHECK(judge(verifier, shared(), 1) == "accepted");
  CHECK(second.p384() == 0);
  CHECK(second.rsa() == 0);
  CHECK(verifier.remembered().misses == 1);
  CHECK(verifier.remembered().hits == 2);
}

TEST_CASE("evidence that differs in one byte from what was accepted before is judged anew") {
  const test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  const auto with = [](auto change) {
    auto envelope = EvidenceEnvelope::decode(shared().evidence[0]).value();
    change(envelope);
    return envelope.encode().value();
  };
  // 0x2A0 is R of the report's signature; the certificate's signature is its end.
  const Bytes report = with([](EvidenceEnvelope& it) { it.report.at(0x2A0 + 20) ^= 1U; });
  const Bytes certificate = with([](EvidenceEnvelope& it) { it.endorsement->back() ^= 1U; });
  const auto told = [&](const Bytes& evidence) {
    return reason(verifier.verify(evidence, SharedReport::view(0)));
  };
  CHECK(told(report) == "signature_invalid");
  CHECK(told(certificate) == "chain_untrusted");
  CHECK(judge(verifier, shared(), 0) == "accepted");
}

TEST_CASE("another report of the same chip costs one P-384 verification and no RSA") {
  const test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  const SharedReport other(
      2, [](EvidenceEnvelope& envelope) { envelope.endorsement = shared().world->endorsement; });
  const EvidenceWork work;
  CHECK(judge(verifier, other, 0) == "accepted");
  CHECK(work.p384() == 1);
  CHECK(work.rsa() == 0);
}

TEST_CASE("a copy of a verifier shares what was remembered, another verifier does not") {
  const test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  const Verifier copy = verifier;
  const EvidenceWork warm;
  CHECK(judge(copy, shared(), 1) == "accepted");
  CHECK(warm.p384() == 0);
  const Verifier stranger(shared().world->policy().build().value(), clock);
  const EvidenceWork cold;
  CHECK(judge(stranger, shared(), 0) == "accepted");
  CHECK(cold.p384() == 1);
}

TEST_CASE("remembered evidence is refused in a session that it was not made for") {
  const test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  CHECK(reason(verifier.verify(shared().evidence[0], SharedReport::view(1))) == "binding_mismatch");
}

TEST_CASE("a remembered signature says nothing about a report that differs in one bit") {
  const test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  const SharedReport forged(1, [](EvidenceEnvelope& envelope) {
    envelope.report[0x0c0] ^= 1U;  // HOST_DATA, which the binding does not cover
  });
  CHECK(judge(verifier, forged, 0) == "signature_invalid");
  CHECK(judge(verifier, forged, 0) == "signature_invalid");
}

TEST_CASE("remembered evidence is judged by the policy of the moment") {
  const test::TurnableClock clock;
  Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  const snp::Measurement other(std::array<std::uint8_t, 48>{9});
  verifier.replace_policy(Policy::allow_only("other", Covers::image, {other})
                              .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                              .any_chip()
                              .any_platform()
                              .revocation(Revocation::accept_missing())
                              .dangerously_accept_milan()
                              .named("next", 2)
                              .dangerously_trust_simulator(shared().world->root)
                              .build()
                              .value());
  const auto outcome = verifier.verify(shared().evidence[0], SharedReport::view(0));
  CHECK(reason(outcome) == "measurement_not_allowed");
  CHECK(outcome.verdict.policy->name == "next");
  CHECK(verifier.policy().version() == 2);
}

TEST_CASE("remembered evidence is not believed under roots that do not include its own") {
  const test::TurnableClock clock;
  Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  const auto golden = *snp::Measurement::from(sim::GuestLaunch::default_measurement().view());
  verifier.replace_policy(Policy::allow_only("production", Covers::image, {golden})
                              .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
                              .any_chip()
                              .any_platform()
                              .revocation(Revocation::accept_missing())
                              .dangerously_accept_milan()
                              .build()
                              .value());
  CHECK(judge(verifier, shared(), 0) == "simulated_not_allowed");
}

TEST_CASE("a remembered certificate expires all the same") {
  test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  clock.moment = Timestamp{test::kNow.unix_seconds + 3650LL * 86400};
  CHECK(judge(verifier, shared(), 0) == "endorsement_expired");
  clock.moment = Timestamp{test::kNow.unix_seconds - 3650LL * 86400};
  CHECK(judge(verifier, shared(), 0) == "endorsement_not_yet_valid");
  clock.moment = std::nullopt;
  CHECK(judge(verifier, shared(), 0) == "no_time");
  clock.moment = test::kNow;
  CHECK(judge(verifier, shared(), 0) == "accepted");
}

TEST_CASE("a revocation list is verified once and its age is judged every time") {
  const Bytes list = test::authority().crl(sim::Product::milan, fresh_list()).value();
  const SharedReport report(1, [&](EvidenceEnvelope& envelope) { envelope.crl = list; });
  test::TurnableClock clock;
  const Verifier verifier(report.world->policy().build().value(), clock);
  const EvidenceWork first;
  CHECK(judge(verifier, report, 0) == "accepted");
  CHECK(first.rsa() == 2);
  const EvidenceWork second;
  CHECK(judge(verifier, report, 0) == "accepted");
  CHECK(second.rsa() == 0);
}

TEST_CASE("a revocation that arrives later refuses remembered evidence") {
  test::TurnableClock clock;
  const Verifier verifier(shared().world->policy().build().value(), clock);
  CHECK(judge(verifier, shared(), 0) == "accepted");
  auto options = fresh_list();
  options.revoked = {sim::Ca::ask};
  const Bytes list = test::authority().crl(sim::Product::milan, options).value();
  ReportFile file = shared().world->file();
  CHECK(reason(verifier.verify_report(file)) == "accepted");
  file.crl = ByteView(list);
  CHECK(reason(verifier.verify_report(file)) == "revoked");
}

TEST_CASE("eight threads share a verifier while its policy is replaced") {
  const test::TurnableClock clock;
  Verifier verifier(shared().world->policy().named("one", 1).build().value(), clock);
  const Policy next = shared().world->policy().named("two", 2).build().value();
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t round = 0; round < 20; ++round) {
        if (i == 0) verifier.replace_policy(next);
        if (judge(verifier, shared(), round % 3) == "accepted") ++accepted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(accepted == 160);
  CHECK(verifier.policy().name() == "two");
}

TEST_CASE("a bounded cache forgets what was asked for longest ago, and nothing else") {
  detail::BoundedCache<int> cache(2);
  cache.insert(key_of(1), std::make_shared<const int>(1));
  cache.insert(key_of(2), std::make_shared<const int>(2));
  REQUIRE(cache.find(key_of(1)) != nullptr);
  cache.insert(key_of(3), std::make_shared<const int>(3));
  CHECK(cache.size() == 2);
  CHECK(cache.find(key_of(2)) == nullptr);
  REQUIRE(cache.find(key_of(1)) != nullptr);
  CHECK(*cache.find(key_of(1)) == 1);
  CHECK(*cache.find(key_of(3)) == 3);
}

TEST_CASE("a bounded cache keeps the first value of a key") {
  detail::BoundedCache<int> cache(2);
  cache.insert(key_of(1), std::make_shared<const int>(1));
  cache.insert(key_of(1), std::make_shared<const int>(2));
  CHECK(cache.size() == 1);
  CHECK(*cache.find(key_of(1)) == 1);
}

}  // namespace ratls
