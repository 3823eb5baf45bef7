// Who is given what, how often, and that nothing is given that is not on record.

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <ratls/services/broker/helper.h>

#include "ledger_world.h"

namespace ratls {

namespace {

using broker::Ledger;
using broker::Release;
using broker::ReleaseRule;
using broker::ReleaseRules;
using test::ask;
using test::rule_for;
using World = test::LedgerWorld;
constexpr const char* kUri = test::kLedgerUri;

}  // namespace

TEST_CASE("a secret goes to the guests that its rule names, and every answer is on record") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  CHECK(ask(ledger, world.release()) == "the value");
  CHECK(ask(ledger, world.release("b")) == code(Reason::release_guest_not_accepted));
  CHECK(ask(ledger, world.release("a", "01", "none")) == code(Reason::unknown_resource));
  auto nameless = world.release();
  nameless->resource.reset();
  CHECK(ask(ledger, std::move(nameless)) == code(Reason::unknown_resource));
  const auto checked = broker::check_audit(world.audit, {});
  REQUIRE(checked);
  CHECK(checked->head.seq == 5);
  CHECK(checked->releases == 1);
  CHECK(to_string(*test::read_file(world.audit)).find("the value") == std::string::npos);
}

TEST_CASE("a rule without a value in the store answers as a resource that does not exist") {
  World world(rule_for("a"));
  world.rules.emplace("kbs:///agents/llm/empty", rule_for("a"));
  auto ledger = world.open().value();
  auto empty = world.release("a", "01", "empty");
  auto none = world.release("a", "01", "none");
  ledger.settle({&empty, 1});
  ledger.settle({&none, 1});
  CHECK(broker::http_status(*empty) == 404);
  CHECK(broker::http_status(*none) == 404);
  CHECK(empty->refusal->reason() == none->refusal->reason());
}

TEST_CASE("a resource that is not for a guest looks to it as one that is not there") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  auto others = world.release("b");
  auto none = world.release("b", "01", "none");
  auto cloud = world.release();
  cloud->guest.accepted[0].covers = Covers::firmware;
  std::vector<std::string> recorded;
  for (auto* release : {&others, &none, &cloud}) {
    ledger.settle({release, 1});
    CHECK(broker::http_status(**release) == 404);
    CHECK(broker::told((*release)->refusal->reason()) == Reason::unknown_resource);
    recorded.emplace_back(code((*release)->refusal->reason()));
  }
  CHECK(recorded == std::vector<std::string>{"release_guest_not_accepted", "unknown_resource",
                                             "release_firmware_only"});
  const std::string log = to_string(*test::read_file(world.audit));
  for (const std::string& reason : recorded) {
    CHECK(log.find("\"reason\":\"" + reason + "\"") != std::string::npos);
  }
}

TEST_CASE("per_guest counts by REPORT_ID, also over a restart and within one batch") {
  ReleaseRule rule = rule_for("a");
  rule.per_guest = 2;
  World world(rule);
  {
    auto ledger = world.open().value();
    std::vector<std::unique_ptr<Release>> batch;
    for (int i = 0; i < 4; ++i) batch.push_back(world.release("a", "01"));
    ledger.settle(batch);
    int released = 0;
    for (const auto& release : batch) released += release->refusal ? 0 : 1;
    CHECK(released == 2);
  }
  auto ledger = world.open().value();
  CHECK(ask(ledger, world.release("a", "01")) == code(Reason::release_limit_reached));
  CHECK(ask(ledger, world.release("a", "02")) == "the value");
}

TEST_CASE("one_shot releases each version once in all, and a new value arms it again") {
  ReleaseRule rule = rule_for("a");
  rule.one_shot = true;
  World world(rule);
  auto ledger = world.open().value();
  CHECK(ask(ledger, world.release("a", "01")) == "the value");
  CHECK(ask(ledger, world.release("a", "02")) == code(Reason::release_used_up));
  world.put("another value");
  CHECK(ask(ledger, world.release("a", "02")) == "another value");
  CHECK(ask(ledger, world.release("a", "01")) == code(Reason::release_used_up));
}

TEST_CASE("a limit that is written later counts what was released before it") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  CHECK(ask(ledger, world.release()) == "the value");
  world.rules.at(kUri).per_guest = 1;
  json::Object event;
  REQUIRE(ledger.change_rules(world.rules, event.text("event", "policy.replaced")));
  CHECK(ask(ledger, world.release()) == code(Reason::release_limit_reached));
}

TEST_CASE("rules that cannot be put on record do not come into force") {
  World world(rule_for("a"));
  world.rules.at(kUri).per_guest = 1;
  auto ledger = world.open().value();
  CHECK(ask(ledger, world.release()) == "the value");
  ReleaseRules without = world.rules;
  without.at(kUri).per_guest.reset();
  world.clock.fails_after = 0;
  json::Object event;
  CHECK_FALSE(ledger.change_rules(without, event.text("event", "policy.replaced")));
  world.clock.fails_after.reset();
  CHECK(ask(ledger, world.release()) == code(Reason::release_limit_reached));
}

TEST_CASE(
    "a guest of several policies is given what a rule names it for, and the record says as whom") {
  World world(rule_for("a"));
  world.rules.at(kUri).accept = {"q/agent"};
  auto ledger = world.open().value();
  auto both = world.release("agent");
  CHECK(ask(ledger, world.release("agent")) == code(Reason::release_guest_not_accepted));
  both->guest.accepted.push_back({{"q", 7, Sha256Digest()}, "agent", Covers::image});
  CHECK(ask(ledger, std::move(both)) == "the value");
  const std::string log = to_string(*test::read_file(world.audit));
  CHECK(log.find(R"("policy":"p","policy_version":4)") != std::string::npos);
  CHECK(log.find(R"("policy":"q","policy_version":7)") != std::string::npos);
}

TEST_CASE("of two names of a guest the one counts that the rule may give it as") {
  World world(rule_for("a"));
  world.rules.at(kUri).accept = {"p/a", "q/a"};
  auto ledger = world.open().value();
  auto cloud = world.release();
  cloud->guest.accepted[0].covers = Covers::firmware;
  cloud->guest.accepted.push_back({{"q", 7, Sha256Digest()}, "a", Covers::image});
  CHECK(ask(ledger, std::move(cloud)) == "the value");
}

TEST_CASE(
    "a guest whose evidence covers its key alone gets nothing, unless the danger is written") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  auto keyed = world.release();
  keyed->guest.key_bound = true;
  ledger.settle({&keyed, 1});
  CHECK(keyed->refusal->reason() == Reason::release_key_bound);
  CHECK(broker::http_status(*keyed) == 404);
  world.rules.at(kUri).key_bound_accepted = true;
  keyed = world.release();
  keyed->guest.key_bound = true;
  CHECK(ask(ledger, std::move(keyed)) == "the value");
  CHECK(to_string(*test::read_file(world.audit)).find("\"key_bound\":true") != std::string::npos);
}

TEST_CASE("not_after ends a rule at its second, and without a time nothing is released") {
  ReleaseRule rule = rule_for("a");
  rule.not_after = Timestamp{1'800'000'000};
  World world(rule);
  auto ledger = world.open().value();
  world.clock.moment = Timestamp{1'799'999'999};
  CHECK(ask(ledger, world.release()) == "the value");
  world.clock.moment = Timestamp{1'800'000'000};
  CHECK(ask(ledger, world.release()) == code(Reason::release_expired));
  world.clock.moment.reset();
  CHECK(ask(ledger, world.release()) == code(Reason::cannot_release_now));
}

TEST_CASE(
    "a guest whose measurement covers firmware only gets nothing, unless the danger is written") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  auto cloud = world.release();
  cloud->guest.accepted[0].covers = Covers::firmware;
  CHECK(ask(ledger, std::move(cloud)) == code(Reason::release_firmware_only));
  world.rules.at(kUri).firmware_only_accepted = true;
  cloud = world.release();
  cloud->guest.accepted[0].covers = Covers::firmware;
  CHECK(ask(ledger, std::move(cloud)) == "the value");
}

TEST_CASE("what cannot be recorded is not released, and does not count") {
  ReleaseRule rule = rule_for("a");
  rule.per_guest = 1;
  World world(rule);
  auto ledger = world.open().value();
  world.clock.moment.reset();  // a line without a time is not written
  CHECK(ask(ledger, world.release()) == code(Reason::cannot_release_now));
  world.clock.moment = Timestamp{1'790'000'001};
  CHECK(ask(ledger, world.release()) == "the value");
  CHECK(broker::check_audit(world.audit, {})->releases == 1);
}

TEST_CASE("a damaged value is an error of the broker, never another value") {
  World world(rule_for("a"));
  auto ledger = world.open().value();
  REQUIRE(
      test::run_command("sqlite3 " + world.folder.file("db") +
                        " \"UPDATE secret SET version = 77\" || python3 -c \"import sqlite3; d ="
                        " sqlite3.connect('" +
                        world.folder.file("db") +
                        "'); d.execute('UPDATE secret SET version = 77'); d.commit()\"")
          .status == 0);
  auto release = world.release();
  ledger.settle({&release, 1});
  CHECK(broker::http_status(*release) == 503);
  CHECK(release->refusal->detail().find("store_damaged") != std::string::npos);
}

namespace {

std::string helped(const std::string& script, std::size_t max_bytes = 64) {
  broker::Helper helper;
  helper.command = {"/bin/sh", "-c", script, "a b", "$(id)"};
  helper.environment = {{"GIVEN", "by the rule"}};
  helper.timeout = std::chrono::seconds(1);
  helper.max_bytes = max_bytes;
  const auto value = broker::run_helper(helper);
  if (value) return value->expose([](ByteView bytes) { return to_string(bytes); });
  CHECK(value.error().reason() == Reason::secret_helper_failed);
  return "error: " + value.error().detail();
}

}  // namespace

TEST_CASE("a helper's output is the value, with a fixed environment and without a shell of ours") {
  REQUIRE(::setenv("INHERITED", "secret of the broker", 1) == 0);
  CHECK(helped("echo \"$GIVEN|$INHERITED|$PATH|$0|$1\"") == "by the rule||/usr/bin:/bin|a b|$(id)");
  CHECK(helped("printf 'two\\n\\n'") == "two\n");
  CHECK(helped("cat; echo end") == "end");  // its input is empty
  CHECK(helped("ls /proc/$$/fd; :") == "0\n1\n2");
}

TEST_CASE("a helper that fails, says nothing, says too much or never ends delivers nothing") {
  CHECK(helped("echo value; exit 3") == "error: exit status 3");
  CHECK(helped("kill -9 $$") == "error: ended by signal 9");
  CHECK(helped(":") == "error: it wrote nothing");
  CHECK(helped("echo 12345678", 8) == "error: it wrote more than max_bytes");
  CHECK(helped("yes") == "error: it wrote more than max_bytes");
  CHECK(helped("echo early; sleep 60") == "error: it did not end in time");
  CHECK(helped("exec >&-; sleep 60") == "error: it did not end in time");
  broker::Helper none;
  none.command = {"/no/such/helper"};
  CHECK(broker::run_helper(none).error().reason() == Reason::secret_helper_failed);
}

TEST_CASE("a rule with a helper never falls back to the store") {
  ReleaseRule rule = rule_for("a");
  rule.helper.emplace();
  World world(rule);
  auto ledger = world.open().value();
  CHECK(ask(ledger, world.release()) == code(Reason::cannot_release_now));
  auto release = world.release();
  release->helped.emplace(Error(Reason::secret_helper_failed, "exit status 1"));
  CHECK(ask(ledger, std::move(release)) == code(Reason::cannot_release_now));
  release = world.release();
  release->helped.emplace(SecretBytes::copy_of(as_bytes("from the helper")).value());
  CHECK(ask(ledger, std::move(release)) == "from the helper");
}

}  // namespace ratls
