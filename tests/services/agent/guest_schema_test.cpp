// docs/schema/guest.schema.json: an independent validator says what the reader of guest.json says,
// about the examples and about a table of files made by changing good ones in every place.

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <ratls/services/agent/guest_config.h>

#include "../../support/files.h"
#include "../../support/schema.h"

namespace ratls {

namespace {

using nlohmann::json;

const std::string kSource = RATLS_SOURCE_DIR;

// Every key, and every way to say whom to accept.
json sample() {
  return json::parse(R"({
    "$schema": "guest.schema.json",
    "report_source": "configfs", "instance": "instance.pem",
    "broker": {"attested_by": "broker.json", "dangerously_accept_key_bound": true,
               "address_from": "fw_cfg:opt/ratls/host"},
    "secrets": [{"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY"},
                {"uri": "kbs:///agents/db/password", "as": "_DB2", "give_to": "file"},
                {"uri": "kbs:///agents/db/user", "as": "DB_USER", "give_to": "env"},
                {"uri": "kbs:///agents/db/cert", "as": "DB_CERT", "give_to": "credential"},
                {"uri": "kbs:///agents/llm/other", "as": "OTHER", "give_to": "egress"}],
    "egress": {
      "listen": "[::1]:8790", "status": "unix:/run/ratls/status.sock",
      "upstreams": [
        {"name": "llm", "prefix": "/", "connect": "llm.internal:8443", "attested_by": "llm.json",
         "dangerously_accept_key_bound": false, "show_evidence": true,
         "inject": {"authorization": "Bearer ${LLM_API_KEY}", "x-other": "${OTHER}"}},
        {"prefix": "/pinned", "connect": "[2001:db8::1]:443", "pin": "sha256//AAAA",
         "unattested": "accepted"},
        {"prefix": "/public", "connect": "api.example:443", "ca": "system",
         "server_name": "api.example", "unattested": "accepted", "show_evidence": false}],
      "tunnels": [{"host": "search.example", "port": 443}]},
    "agent": {"user": "agent", "net": "isolated", "runtime": "/run/ratls",
              "env": {"MODEL": "gpt-4o", "empty": ""}}})");
}

json smallest() {
  return json::parse(R"({"broker": {"ca": "ca.pem", "server_name": "broker", "address": ":0"},
                         "secrets": [], "agent": {}})");
}

json pinned() {
  json out = smallest();
  out["broker"] = {{"pin", "x"}, {"address_from", "file:/h"}, {"address", nullptr}};
  out["broker"].erase("address");
  out["egress"] = {{"upstreams", json::array()}};
  return out;
}

Result<agent::GuestConfig> read(const std::string& text) {
  return agent::parse_guest_config(as_bytes(text));
}

std::vector<std::string> texts() {
  return {"",
          "x",
          "/x",
          "X_1",
          "1X",
          "x y",
          "PATH",
          "PATHS",
          "LD_PRELOAD",
          "egress",
          "open",
          "isolated",
          "accepted",
          "Accepted",
          "a=b",
          "127.0.0.1:80",
          "[127.0.0.1]:80",
          "[::1]:065535",
          "::1:80",
          "127.0.0.1:65536",
          "host:",
          "host:80x",
          "a:b:80",
          "[]:1",
          "[a]b:1",
          "localhost:80",
          "unix:/run/x",
          "unix:",
          "unix:" + std::string(107, 'x'),
          "unix:" + std::string(108, 'x'),
          std::string(298, 'x') + ":1",
          std::string(299, 'x') + ":1",
          "kbs:///a/b/c",
          "kbs:///a/../c",
          "kbs:///a/b/c/d",
          "${OTHER}",
          "a${OTHER}",
          "${OTHER} b",
          "${OTHER",
          "a\n${OTHER}",
          "sha256//AAAA"};
}

std::vector<json> replacements() {
  std::vector<json> out{nullptr,
                        true,
                        false,
                        -1,
                        0,
                        1,
                        443,
                        65535,
                        65536,
                        1.5,
                        json::array(),
                        json::array({"x"}),
                        json::array({json::object()}),
                        json::object(),
                        json::object({{"a", "b"}}),
                        json::object({{"", "b"}}),
                        json::object({{"a=b", "c"}}),
                        json::object({{"a", std::string(1, '\0')}}),
                        json::object({{"a", 1}})};
  for (const std::string& text : texts()) out.emplace_back(text);
  return out;
}

void change_everywhere(const json& whole, const json::json_pointer& at, std::vector<json>& out) {
  const json& here = whole.at(at);
  for (const json& other : replacements()) {
    json changed = whole;
    changed[at] = other;
    out.push_back(std::move(changed));
  }
  if (here.is_object()) {
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

// Every object with each key that any object may have.
void add_everywhere(const json& whole, const json::json_pointer& at, std::vector<json>& out) {
  const json& here = whole.at(at);
  if (here.is_object()) {
    for (const char* key :
         {"unknown", "$schema", "attested_by", "pin", "ca", "server_name", "address",
          "address_from", "unattested", "dangerously_accept_key_bound", "give_to", "net", "name"}) {
      if (here.contains(key)) continue;
      for (const json& value : {json(nullptr), json(""), json("x"), json(":1"), json("accepted"),
                                json(true), json(false)}) {
        json more = whole;
        more[at][key] = value;
        out.push_back(std::move(more));
      }
    }
    for (const auto& [key, value] : here.items()) add_everywhere(whole, at / key, out);
  }
  for (std::size_t i = 0; here.is_array() && i < here.size(); ++i) {
    add_everywhere(whole, at / i, out);
  }
}

// What a schema cannot say: one part of the file about another.
bool beyond_a_schema(const Error& refused) {
  const std::string& why = refused.detail();
  return why.find("two secrets are called ") != std::string::npos ||
         why.find("which is no secret that is given to the egress") != std::string::npos;
}

// The example that people copy, and the one in the documents.
std::vector<json> examples() {
  const auto text = [](const char* name) {
    return to_string(test::read_file(kSource + "/" + name).value());
  };
  const std::string page = text("docs/agent.md");
  const std::string fence = "```json\n";
  const std::size_t start = page.find(fence) + fence.size();
  return {json::parse(text("examples/crewai/guest.json")),
          json::parse(page.substr(start, page.find("```", start) - start))};
}

}  // namespace

TEST_CASE("an independent validator agrees with the reader of guest.json everywhere") {
  std::vector<json> documents = examples();
  const std::size_t good = documents.size() + 3;
  for (const json& base : {sample(), smallest(), pinned()}) documents.push_back(base);
  for (const json& base : {sample(), smallest(), pinned()}) {
    change_everywhere(base, json::json_pointer(), documents);
    add_everywhere(base, json::json_pointer(), documents);
  }
  const auto said = test::judged_by_schema("guest.schema.json", json(documents).dump());
  if (!said) SKIP("ajv is not here: npm is missing or reaches no registry");
  const auto verdicts = json::parse(*said);
  REQUIRE(verdicts.size() == documents.size());
  std::size_t valid = 0;
  std::size_t beyond = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto config = read(documents[i].dump());
    valid += config ? 1U : 0U;
    if (i < good) CHECK(config);
    if (config.has_value() == verdicts[i].get<bool>()) continue;
    if (!config && beyond_a_schema(config.error())) {
      ++beyond;
      continue;
    }
    FAIL_CHECK((config ? std::string("only the reader accepts ")
                       : "only the schema accepts (" + config.error().detail() + ") ")
               << documents[i].dump());
  }
  CHECK(documents.size() > 5000);
  CHECK(valid > 300);
  CHECK(beyond > 0);
  CHECK(beyond < 300);
}

TEST_CASE("what one part of guest.json says of another is the reader's to refuse") {
  json twice = sample();
  twice["secrets"][1]["as"] = "LLM_API_KEY";
  json astray = sample();
  astray["secrets"][0]["give_to"] = "env";
  for (const json& document : {twice, astray}) {
    const auto refused = read(document.dump());
    REQUIRE_FALSE(refused);
    CHECK(beyond_a_schema(refused.error()));
  }
  const std::string same = R"({"agent": {}, "agent": {}})";
  CHECK(read(same).error().detail().find("twice") != std::string::npos);
}

}  // namespace ratls
