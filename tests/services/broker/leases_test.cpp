// Leases and receipts, as the ledger gives them.

#include "ledger_world.h"

namespace ratls {

namespace {

using broker::Ledger;
using broker::Release;
using broker::ReleaseRule;
using test::ask;
using test::rule_for;
using World = test::LedgerWorld;

}  // namespace

TEST_CASE(
    "a lease keeps others away until it ends, also over a restart, and its holder may renew it") {
  ReleaseRule rule = rule_for("a");
  rule.lease = std::chrono::seconds(60);
  World world(rule);
  {
    auto ledger = world.open().value();
    auto first = world.release("a", "01");
    ledger.settle({&first, 1});
    REQUIRE_FALSE(first->refusal);
    CHECK(first->lease_until == Timestamp{1'790'000'060});
    CHECK(ask(ledger, world.release("a", "02")) == code(Reason::release_leased));
    world.clock.moment = Timestamp{1'790'000'030};
    CHECK(ask(ledger, world.release("a", "01")) == "the value");  // until ...90 now
  }
  auto ledger = world.open().value();
  world.clock.moment = Timestamp{1'790'000'089};
  CHECK(ask(ledger, world.release("a", "02")) == code(Reason::release_leased));
  world.clock.moment = Timestamp{1'790'000'090};
  CHECK(ask(ledger, world.release("a", "02")) == "the value");
  CHECK(ask(ledger, world.release("a", "01")) == code(Reason::release_leased));
  world.clock.moment.reset();
  CHECK(ask(ledger, world.release("a", "02")) == code(Reason::cannot_release_now));
}

TEST_CASE("a lease that could not be recorded was never given") {
  ReleaseRule rule = rule_for("a");
  rule.lease = std::chrono::seconds(60);
  World world(rule);
  auto ledger = world.open().value();
  auto unrecorded = world.release("a", "01");
  world.clock.fails_after = 1;  // the decision has a time, the record has none
  ledger.settle({&unrecorded, 1});
  CHECK(broker::http_status(*unrecorded) == 503);
  CHECK_FALSE(unrecorded->lease_until);
  world.clock.fails_after.reset();
  CHECK(ask(ledger, world.release("a", "02")) == "the value");
}

TEST_CASE("a release's receipt names its own line of the audit log, and a refusal has none") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  auto key = broker::ReceiptKey::open(world.folder.file("receipts")).value();
  const auto known = key.public_key();
  ledger.sign_receipts(std::move(key));
  std::vector<std::unique_ptr<Release>> batch;
  batch.push_back(world.release("a", "01"));
  batch.push_back(world.release("b", "02"));
  batch.push_back(world.release("a", "03"));
  ledger.settle(batch);
  CHECK(batch[1]->receipt.empty());
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    const auto receipt = broker::open_receipt(batch[i]->receipt, known);
    REQUIRE(receipt);
    CHECK(receipt->report_id == batch[i]->guest.report_id);
    CHECK(receipt->audit.seq == batch[i]->seq);
    CHECK(broker::check_audit(world.audit, {}, receipt->audit));
    auto elsewhere = receipt->audit;
    ++elsewhere.seq;
    CHECK_FALSE(broker::check_audit(world.audit, {}, elsewhere));
  }
}

}  // namespace ratls
