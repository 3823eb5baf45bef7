// Several policies in one broker: whose guest is given what, and that they change together.

#include <catch2/catch_test_macros.hpp>

#include <ratls/channel.h>
#include <ratls/services/http/exchange.h>
#include <ratls/verify/policy_json.h>

#include "running_broker.h"

namespace ratls {

namespace {

using namespace std::chrono_literals;
using test::RunningBroker;

constexpr const char* kTarget = "/kbs/v0/resource/agents/llm/key";
const std::string kStrange(96, '7');

test::AttestedWorld& ours() {
  static test::AttestedWorld world;
  return world;
}

test::AttestedWorld& theirs() {
  static test::AttestedWorld world({[](sim::ProcessorOptions& options) {
                                      options.report.launch.measurement =
                                          sim::Digest48::parse_hex(kStrange).value();
                                    },
                                    15000ms});
  return world;
}

// The other world's policy, for the other world's guest, under a name of its own.
std::string their_policy(const std::string& version = "1") {
  std::string text = policy_text(theirs().policy(sim::Digest48::parse_hex(kStrange).value()));
  const std::string name = "\"name\": \"test\"";
  const std::string old = "\"version\": 1";
  text.replace(text.find(name), name.size(), "\"name\": \"others\"");
  return text.replace(text.find(old), old.size(), "\"version\": " + version);
}

std::string answer_of(const RunningBroker& broker, test::AttestedWorld& guest,
                      const std::string& target) {
  ClientConfig config(guest.guest(), broker.key());
  auto result = connect(broker.plain(), config);
  if (!result.channel) return std::string(code(result.channel.error().reason()));
  auto secret = http::get(http::over(*result.channel), "broker", target, after(20s));
  if (!secret) return std::string(code(secret.error().reason()));
  return secret->expose([](ByteView bytes) { return to_string(bytes); });
}

std::string fetch(const RunningBroker& broker, test::AttestedWorld& guest) {
  return answer_of(broker, guest, kTarget);
}

constexpr const char* kTheirs = R"({"accept":["others/agent"],"per_guest":null})";

}  // namespace

TEST_CASE("a guest is given what a rule names it for under its own policy, not under another") {
  RunningBroker broker(ours(), kTheirs, "{}", their_policy());
  CHECK(fetch(broker, theirs()) == "the value");
  CHECK(fetch(broker, ours()) == code(Reason::unknown_resource));
  CHECK(broker.log().find("release_guest_not_accepted") != std::string::npos);
  CHECK(broker.log().find(R"("policy.name":"others","policy.version":"1")") != std::string::npos);
  const std::string audit = to_string(*test::read_file(broker.audit()));
  CHECK(audit.find(R"("policies":[{"name":"test","version":1)") != std::string::npos);
  CHECK(audit.find(R"("guest":"agent")") != std::string::npos);
  CHECK(audit.find(R"("policy":"others","policy_version":1)") != std::string::npos);
}

TEST_CASE("the status listener names all policies, a channel only those that accepted its guest") {
  RunningBroker broker(ours(), kTheirs, "{}", their_policy());
  const std::string all = broker.page("/v1/status");
  CHECK(all.find("\"test\"") != std::string::npos);
  CHECK(all.find("\"others\"") != std::string::npos);
  const std::string own = answer_of(broker, theirs(), "/v1/status");
  CHECK(own.find("\"others\"") != std::string::npos);
  CHECK(own.find("\"test\"") == std::string::npos);
}

TEST_CASE("a guest that no policy accepts is told of in one line, with what each policy said") {
  RunningBroker broker(ours(), R"({"accept":["test/agent"],"per_guest":null})");
  CHECK(fetch(broker, theirs()) == code(Reason::peer_refused));
  REQUIRE(broker.logged("handshake.rejected"));
  CHECK(broker.log().find(R"("policy.name":"test")") != std::string::npos);
}

TEST_CASE("policies are reloaded together or not at all, and none is remembered of a refused set") {
  RunningBroker broker(ours(), kTheirs, "{}", their_policy());
  CHECK(fetch(broker, theirs()) == "the value");
  const auto state = *test::read_file(broker.file("state"));
  const auto first = *test::read_file(broker.file("policy.json"));
  std::string newer = to_string(first);
  newer.replace(newer.find("\"version\": 1"), 12, "\"version\": 2");
  test::write_file(broker.file("policy.json"), as_bytes(newer));
  test::write_file(broker.file("others.json"), as_bytes("{"));
  broker.reload();
  REQUIRE(broker.logged("policy.refused"));
  CHECK(broker.log().find("others.json") != std::string::npos);
  CHECK(*test::read_file(broker.file("state")) == state);
  CHECK(fetch(broker, theirs()) == "the value");
  test::write_file(broker.file("others.json"), as_bytes(their_policy("3")));
  broker.reload();
  REQUIRE(broker.logged("\"policy.replaced\"", 2));
  CHECK(fetch(broker, theirs()) == "the value");
  const std::string status = broker.page("/v1/status");
  CHECK(status.find(R"("name":"test","version":2)") != std::string::npos);
  CHECK(status.find(R"("name":"others","version":3)") != std::string::npos);
  CHECK(to_string(*test::read_file(broker.audit())).find("policy.replaced") != std::string::npos);
}

TEST_CASE("each policy is kept from going back by its own version") {
  RunningBroker broker(ours(), kTheirs, "{}", their_policy("5"));
  for (const char* version : {"4", "6"}) {
    test::write_file(broker.file("others.json"), as_bytes(their_policy(version)));
    broker.reload();
    if (*version == '4') REQUIRE(broker.logged("policy_rollback"));
  }
  REQUIRE(broker.logged("\"policy.replaced\"", 2));
}

TEST_CASE("a reload whose rule names a guest that is gone from its policy changes nothing") {
  RunningBroker broker(ours(), kTheirs, "{}", their_policy());
  std::string renamed = their_policy("2");
  const std::string guest = "\"name\": \"agent\"";
  renamed.replace(renamed.find(guest), guest.size(), "\"name\": \"agent-2\"");
  test::write_file(broker.file("others.json"), as_bytes(renamed));
  broker.reload();
  REQUIRE(broker.logged("policy.refused"));
  CHECK(broker.log().find("did you mean \\\"others/agent-2\\\"?") != std::string::npos);
  CHECK(fetch(broker, theirs()) == "the value");
}

}  // namespace ratls
