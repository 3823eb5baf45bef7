// broker.json: every decision is written, and nothing else is.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <ratls/services/broker/config.h>

#include "../../support/schema.h"

namespace ratls {

namespace {

using nlohmann::json;

constexpr const char* kResource = "kbs:///agents/llm/api-key";

json sample() {
  return json::parse(R"({
    "$schema": "broker.schema.json",
    "listen": "0.0.0.0:8443", "framed": ":8444", "status": "127.0.0.1:9464",
    "identity": "broker.pem",
    "policies": [{"file": "policy.json", "key": "policy.key.pub", "state": "/var/lib/policy.state"},
                 {"file": "more.json"}],
    "collateral": "collateral",
    "secrets": {"store": "secrets.db", "key": "systemd-credential:store.key"},
    "audit": "audit.log", "receipts": "receipts.key",
    "release": {
      "kbs:///agents/llm/api-key": {"accept": ["prod/agent", "more/agent"], "per_guest": 1,
        "not_after": "2026-12-31T00:00:00Z", "one_shot": true, "lease_seconds": 60,
        "dangerously_accept_firmware_only": false, "dangerously_accept_key_bound": false,
        "backend": "store"},
      "kbs:///agents/llm/other": {"accept": ["prod/agent"], "per_guest": null, "backend": "exec",
        "exec": ["/usr/bin/vault", "read"], "environment": {"VAULT_ADDR": "http://127.0.0.1"},
        "timeout_seconds": 5, "max_bytes": 4096}},
    "limits": {"connections": 10, "connections_per_address": 5, "handshakes": 4,
               "handshakes_per_address": 3, "requests_per_minute": 6,
               "idle_seconds": 7, "drain_seconds": 8, "audit_bytes": 65536}})");
}

json smallest() {
  return json::parse(R"({
    "listen": "[::1]:0", "identity": "b", "policies": [{"file": "p"}],
    "secrets": {"store": "s", "key": "k"}, "audit": "a",
    "release": {"kbs:///a/b/c": {"accept": ["x/y"], "per_guest": null}}})");
}

Result<broker::BrokerConfig> parse(const json& document) {
  const std::string text = document.dump();
  return broker::parse_broker_config(as_bytes(text), "/etc/ratls/");
}

std::string error_of(const json& document) {
  const auto config = parse(document);
  if (config) return "";
  CHECK(config.error().reason() == Reason::invalid_config);
  return config.error().detail();
}

std::vector<json> replacements() {
  return {nullptr,
          true,
          false,
          -1,
          0,
          1,
          61,
          65537,
          1000000001,
          1.5,
          "",
          "x",
          "127.0.0.1:80",
          "unix:/run/x",
          "exec",
          "store",
          "2027-01-31T00:00:00Z",
          json::array(),
          json::array({"/bin/x"}),
          json::array({"x/y"}),
          json::array({"x/y", "x/y"}),
          "x/y",
          "/x",
          "x/",
          json::array({"x", 5}),
          json::object(),
          json::object({{"a", "b"}}),
          json::object({{"1", "b"}})};
}

void change_everywhere(const json& whole, const json::json_pointer& at, std::vector<json>& out) {
  const json& here = whole.at(at);
  for (const json& other : replacements()) {
    json changed = whole;
    changed[at] = other;
    out.push_back(std::move(changed));
  }
  if (here.is_object()) {
    json more = whole;
    more[at / "unknown"] = 1;
    out.push_back(std::move(more));
    for (const auto& [key, value] : here.items()) {
      json less = whole;
      less[at].erase(key);
      out.push_back(std::move(less));
      // "$schema" is for editors: whatever stands there is nobody's decision.
      if (key != "$schema") change_everywhere(whole, at / key, out);
    }
  }
  for (std::size_t i = 0; here.is_array() && i < here.size(); ++i) {
    change_everywhere(whole, at / i, out);
  }
}

}  // namespace

TEST_CASE("every field of a broker's configuration is read, and paths are relative to its folder") {
  const auto config = parse(sample());
  REQUIRE(config);
  CHECK(config->listen == "0.0.0.0:8443");
  CHECK(config->framed == ":8444");
  CHECK(config->status == "127.0.0.1:9464");
  CHECK(config->identity == "/etc/ratls/broker.pem");
  REQUIRE(config->policies.size() == 2);
  CHECK(config->policies[0].state == "/var/lib/policy.state");
  CHECK(config->policies[1].file == "/etc/ratls/more.json");
  CHECK(config->policies[1].key.empty());
  CHECK(config->collateral == "/etc/ratls/collateral");
  CHECK(config->store_key == "systemd-credential:store.key");
  CHECK(config->limits.idle == std::chrono::seconds(7));
  CHECK(config->limits.requests_per_minute == 6);
  CHECK(config->limits.handshakes == 4);
  CHECK(config->limits.handshakes_per_address == 3);
  const auto& rule = config->release->at(kResource);
  CHECK(rule.accept == std::set<std::string>{"more/agent", "prod/agent"});
  CHECK(rule.per_guest == 1);
  CHECK(rule.one_shot);
  CHECK_FALSE(rule.firmware_only_accepted);
  CHECK_FALSE(rule.helper);
  const auto& other = config->release->at("kbs:///agents/llm/other");
  REQUIRE(other.helper);
  CHECK(other.helper->command == std::vector<std::string>{"/usr/bin/vault", "read"});
  CHECK(other.helper->timeout == std::chrono::seconds(5));
  CHECK_FALSE(other.per_guest);
}

TEST_CASE("a broker's configuration with a mistake in it names the place and what to do") {
  json wrong = sample();
  wrong["release"][kResource]["per_gest"] = 1;
  CHECK(error_of(wrong).find("did you mean \"per_guest\"?") != std::string::npos);
  wrong = sample();
  wrong["release"][kResource].erase("per_guest");
  CHECK(error_of(wrong).find("\"per_guest\" is missing") != std::string::npos);
  wrong = sample();
  for (const char* anywhere : {"0.0.0.0:9464", "127.evil.example:9464", "localhost:9464", ":1"}) {
    wrong["status"] = anywhere;
    CHECK(error_of(wrong).find("nobody is asked who he is") != std::string::npos);
  }
  wrong = sample();
  wrong["release"]["kbs:///agents/../api-key"] = wrong["release"][kResource];
  CHECK(error_of(wrong).find("kbs:///repo/type/tag") != std::string::npos);
  wrong = sample();
  wrong["release"]["kbs:///agents/llm/other"]["exec"][0] = "vault";
  CHECK(error_of(wrong).find("absolute path") != std::string::npos);
  const std::string twice = R"({"listen": ":1", "listen": ":2"})";
  CHECK(broker::parse_broker_config(as_bytes(twice), "").error().detail().find("twice") !=
        std::string::npos);
}

TEST_CASE("an independent validator agrees with the reader of broker.json everywhere") {
  std::vector<json> documents{sample(), smallest()};
  for (const json& base : {sample(), smallest()}) {
    change_everywhere(base, json::json_pointer(), documents);
  }
  const auto said = test::judged_by_schema("broker.schema.json", json(documents).dump());
  if (!said) SKIP("ajv is not here: npm is missing or reaches no registry");
  const auto verdicts = json::parse(*said);
  std::size_t valid = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto read = parse(documents[i]);
    valid += read ? 1U : 0U;
    if (read.has_value() == verdicts.at(i).get<bool>()) continue;
    FAIL_CHECK((read ? std::string("only the reader accepts ")
                     : "only the schema accepts (" + read.error().detail() + ") ")
               << documents[i].dump());
  }
  CHECK(documents.size() > 900);
  CHECK(valid > 50);
}

TEST_CASE("a rule takes evidence that is bound to a key only where it says so, and nothing else") {
  json about = sample();
  CHECK_FALSE(broker::any_key_bound(*parse(about)->release));
  about["release"][kResource]["dangerously_accept_key_bound"] = true;
  const auto careless = parse(about);
  REQUIRE(careless);
  CHECK(broker::any_key_bound(*careless->release));
  CHECK(careless->release->at(kResource).key_bound_accepted);
  CHECK_FALSE(careless->release->at("kbs:///agents/llm/other").key_bound_accepted);
  about["release"][kResource]["dangerously_accept_key_bound"] = "yes";
  CHECK_FALSE(parse(about));
}

TEST_CASE("a guest is written with its policy's name, and at most sixteen policies judge") {
  json about = sample();
  about["release"][kResource]["accept"] = {"agent"};
  CHECK(error_of(about).find("a guest is written POLICY/GUEST") != std::string::npos);
  about = sample();
  about["policies"] = json::array();
  CHECK_FALSE(parse(about));
  for (int i = 0; i < 16; ++i) about["policies"].push_back({{"file", "p"}});
  CHECK(parse(about));
  about["policies"].push_back({{"file", "p"}});
  CHECK(error_of(about).find("at most 16 policies") != std::string::npos);
}

}  // namespace ratls
