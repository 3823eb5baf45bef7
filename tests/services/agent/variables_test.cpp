// What an unchanged program finds in its environment.
#include <catch2/catch_test_macros.hpp>

#include <ratls/services/agent/variables.h>

using namespace ratls;
using namespace ratls::agent;

namespace {

GuestConfig with_egress() {
  GuestConfig out;
  out.egress.emplace();
  out.secrets.push_back(
      {Resource::parse_uri("kbs:///a/b/c").value(), "LLM_API_KEY", GiveTo::egress});
  return out;
}

}  // namespace

TEST_CASE("both names of the base URL, a placeholder for each key, and loopback past any proxy") {
  const auto got = variables_for(with_egress(), "/home/agent");
  CHECK(got.at("OPENAI_BASE_URL") == "http://127.0.0.1:8790/v1");
  CHECK(got.at("OPENAI_API_BASE") == got.at("OPENAI_BASE_URL"));
  CHECK(got.at("ANTHROPIC_BASE_URL") == "http://127.0.0.1:8790");
  for (const char* key : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "LLM_API_KEY"}) {
    CHECK(got.at(key) == kPlaceholder);
  }
  CHECK(got.at("NO_PROXY") == "127.0.0.1,localhost");
  CHECK(got.at("no_proxy") == got.at("NO_PROXY"));
  CHECK(got.at("HOME") == "/home/agent");
}

TEST_CASE("there is a proxy exactly where there are tunnels") {
  GuestConfig config = with_egress();
  CHECK_FALSE(variables_for(config, "").contains("HTTPS_PROXY"));
  config.egress->tunnels.push_back({"api.example", 443});
  const auto got = variables_for(config, "");
  CHECK(got.at("HTTPS_PROXY") == "http://127.0.0.1:8790");
  CHECK(got.at("https_proxy") == got.at("HTTPS_PROXY"));
  CHECK_FALSE(got.contains("HTTP_PROXY"));
}

TEST_CASE("the image's own NO_PROXY is extended, its base URL replaced") {
  GuestConfig config = with_egress();
  config.agent.env = {{"NO_PROXY", "10.0.0.1"}, {"OPENAI_BASE_URL", "http://evil.example"}};
  const auto got = variables_for(config, "");
  CHECK(got.at("NO_PROXY") == "10.0.0.1,127.0.0.1,localhost");
  CHECK(got.at("OPENAI_BASE_URL") == "http://127.0.0.1:8790/v1");
}

TEST_CASE("telemetry is off, whatever the image says") {
  GuestConfig config = with_egress();
  config.agent.env = {{"CREWAI_DISABLE_TELEMETRY", "false"}, {"LANGSMITH_TRACING", "true"}};
  const auto got = variables_for(config, "");
  CHECK(got.at("CREWAI_DISABLE_TELEMETRY") == "true");
  CHECK(got.at("OTEL_SDK_DISABLED") == "true");
  CHECK(got.at("LANGSMITH_TRACING") == "false");
}
