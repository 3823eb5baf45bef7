// Evidence that was kept from one session and is judged again when that session is resumed.

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/session_fixture.h"

namespace ratls {

namespace {

using std::chrono::seconds;
using test::SharedReport;
using test::TurnableClock;

constexpr seconds kLifetime{300};

const SharedReport& shared() {
  static const SharedReport of_two(2);
  return of_two;
}

Policy usual() {
  return shared().world->policy().build().value();
}

/// A source whose list a test can change.
class Shelf final : public CollateralSource {
 public:
  std::optional<Bytes> endorsement(const EndorsementQuery&) override { return std::nullopt; }
  std::optional<Bytes> crl(const CrlQuery&) override { return list; }
  void wanted(const EndorsementQuery&) override {}
  void wanted(const CrlQuery&) override {}
  std::optional<Bytes> list;
};

std::string reason(const Outcome<VerifiedPeer>& outcome) {
  CHECK(outcome.accepted.has_value() != outcome.verdict.reason.has_value());
  CHECK(outcome.verdict.accepted == outcome.accepted.has_value());
  return outcome.verdict.reason ? std::string(code(*outcome.verdict.reason)) : "accepted";
}

/// A verifier that has accepted a peer and keeps it.
struct Kept {
  explicit Kept(std::shared_ptr<CollateralSource> source = nullptr, Policy policy = usual())
      : verifier(std::move(policy), clock, std::move(source)) {
    auto first = verifier.verify(shared().evidence[0], SharedReport::view(0));
    REQUIRE(first.accepted);
    evidence = verifier.keep(*first.accepted, SharedReport::view(0).peer_spki);
    REQUIRE(evidence != nullptr);
  }
  [[nodiscard]] Outcome<VerifiedPeer> again() const {
    return verifier.verify_again(*evidence, kLifetime);
  }
  void turn(std::int64_t by) { clock.moment = Timestamp{test::kNow.unix_seconds + by}; }

  TurnableClock clock;
  Verifier verifier;
  std::shared_ptr<const KeptEvidence> evidence;
};

}  // namespace

TEST_CASE("kept evidence is accepted again, at a level of its own and with its age") {
  Kept kept;
  kept.turn(17);
  const auto outcome = kept.again();
  CHECK(reason(outcome) == "accepted");
  CHECK(outcome.accepted->level() == Level::resumed);
  CHECK(outcome.accepted->level() < Level::handshake);
  CHECK(outcome.accepted->evidence_age() == seconds(17));
  CHECK(outcome.accepted->spki_hash() == hash_spki(kept.evidence->peer_spki()));
  CHECK(outcome.verdict.resumed_after == seconds(17));
  CHECK(outcome.verdict.find("resumption")->got == "accepted 17 s ago, in an earlier session");
  CHECK(outcome.verdict.text().find("RESUMED (level 1)") != std::string::npos);
  CHECK(outcome.verdict.json().find("\"resumed_after\":17,") != std::string::npos);
}

TEST_CASE("a peer of its own session has no age, and its verdict says nothing of resumption") {
  const TurnableClock clock;
  const Verifier verifier(usual(), clock);
  const auto outcome = verifier.verify(shared().evidence[0], SharedReport::view(0));
  REQUIRE(outcome.accepted);
  CHECK(outcome.accepted->level() == Level::exporter);
  CHECK_FALSE(outcome.accepted->evidence_age());
  CHECK_FALSE(outcome.verdict.resumed_after);
  CHECK(outcome.verdict.find("resumption") == nullptr);
  CHECK(outcome.verdict.json().find("resumed") == std::string::npos);
}

TEST_CASE("kept evidence is judged by every check that fresh evidence is") {
  Kept kept;
  const auto fresh = kept.verifier.verify(shared().evidence[0], SharedReport::view(0)).verdict;
  const auto again = kept.again().verdict;
  REQUIRE(again.checks.size() == fresh.checks.size() + 1);
  for (const Check& check : fresh.checks) {
    INFO(check.id);
    REQUIRE(again.find(check.id) != nullptr);
    CHECK(again.find(check.id)->status == check.status);
  }
}

TEST_CASE("kept evidence lasts to the second that was given it, and no longer") {
  Kept kept;
  kept.turn(kLifetime.count());
  CHECK(reason(kept.again()) == "accepted");
  kept.turn(kLifetime.count() + 1);
  const auto outcome = kept.again();
  CHECK(reason(outcome) == "ticket_expired");
  CHECK_FALSE(outcome.verdict.resumed_after);
}

TEST_CASE("attack 18: a clock that was set back behind the acceptance resumes nothing") {
  Kept kept;
  kept.turn(-1);
  CHECK(reason(kept.again()) == "clock_set_back");
  kept.clock.moment.reset();
  CHECK(reason(kept.again()) == "no_time");
}

TEST_CASE("attack 19: a policy that was replaced resumes nothing, though the new one reads alike") {
  Kept kept;
  kept.verifier.replace_policy(usual());
  const auto outcome = kept.again();
  CHECK(reason(outcome) == "ticket_policy_replaced");
  kept.verifier.replace_policy(kept.evidence->policy());
  CHECK(reason(kept.again()) == "accepted");
}

TEST_CASE("another verifier's kept evidence is resumed under no policy but its own") {
  const Kept kept;
  const Kept other;
  CHECK(reason(other.verifier.verify_again(*kept.evidence, kLifetime)) == "ticket_policy_replaced");
}

TEST_CASE("a list that names the issuer since then resumes nothing") {
  const auto shelf = std::make_shared<Shelf>();
  Kept kept(shelf);
  CHECK(reason(kept.again()) == "accepted");
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - 3600};
  options.next_update = {test::kNow.unix_seconds + 360000};
  options.revoked = {sim::Ca::ask};
  shelf->list = test::authority().crl(sim::Product::milan, options).value();
  CHECK(reason(kept.again()) == "revoked");
}

TEST_CASE("a policy that expires between resumes nothing") {
  Kept kept(nullptr,
            shared().world->policy().expires({test::kNow.unix_seconds + 10}).build().value());
  kept.turn(9);
  CHECK(reason(kept.again()) == "accepted");
  kept.turn(10);
  CHECK(reason(kept.again()) == "policy_expired");
}

TEST_CASE(
    "only evidence over this session's exporter and this key is kept, and only with a clock") {
  Kept kept;
  auto peer = kept.verifier.verify(shared().evidence[0], SharedReport::view(0));
  REQUIRE(peer.accepted);
  CHECK(kept.verifier.keep(*peer.accepted, Bytes(91, 0x5b)) == nullptr);
  CHECK(kept.verifier.keep(*peer.accepted, ByteView()) == nullptr);
  const auto again = kept.again();
  REQUIRE(again.accepted);
  CHECK(kept.verifier.keep(*again.accepted, kept.evidence->peer_spki()) == nullptr);
  kept.clock.moment.reset();
  CHECK(kept.verifier.keep(*peer.accepted, kept.evidence->peer_spki()) == nullptr);
  const auto moved = std::move(peer.accepted);
  kept.clock.moment = test::kNow;
  CHECK(kept.verifier.keep(*moved, kept.evidence->peer_spki()) != nullptr);
}

TEST_CASE("what was kept of two sessions, keys or moments has two digests") {
  Kept first;
  const Kept same;
  CHECK(first.evidence->digest() != Sha256Digest());
  auto other = first.verifier.verify(shared().evidence[1], SharedReport::view(1));
  REQUIRE(other.accepted);
  const ByteView spki = SharedReport::view(1).peer_spki;
  const auto of_other = first.verifier.keep(*other.accepted, spki);
  CHECK(of_other->digest() != first.evidence->digest());
  first.turn(1);
  CHECK(first.verifier.keep(*other.accepted, spki)->digest() != of_other->digest());
  CHECK(same.evidence->digest() == first.evidence->digest());
}

}  // namespace ratls
