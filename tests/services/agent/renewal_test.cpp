// What may change under a program that runs, and what may not.
#include <catch2/catch_test_macros.hpp>

#include <ratls/services/agent/renewal.h>

using namespace ratls;
using namespace ratls::agent;

namespace {

GuestConfig config() {
  GuestConfig out;
  out.egress.emplace();
  out.egress->upstreams.push_back({"llm", "/", {"a", 1}, {}, true, {}});
  return out;
}

std::string refusal(const GuestConfig& now) {
  const auto said = check_replaceable(config(), now);
  return said ? std::string() : said.error().detail();
}

}  // namespace

TEST_CASE("upstreams, secrets and the broker may change under a program that runs") {
  GuestConfig now = config();
  CHECK(refusal(now).empty());
  now.egress->upstreams.front().connect = {"b", 2};
  now.secrets.push_back({Resource::parse_uri("kbs:///a/b/c").value(), "KEY", GiveTo::egress});
  now.broker.address_from = "file:/elsewhere";
  CHECK(refusal(now).empty());
}

TEST_CASE("what the program was started with may not, and the refusal names it") {
  GuestConfig now = config();
  now.agent.user = "other";
  CHECK(refusal(now).starts_with("agent cannot change"));
  now = config();
  now.agent.isolated = false;
  CHECK(refusal(now).starts_with("agent cannot change"));
  now = config();
  now.report_source = "sev-guest";
  CHECK(refusal(now).starts_with("report_source"));
  now = config();
  now.instance = "instance.pem";
  CHECK(refusal(now).starts_with("instance"));
  now = config();
  now.egress.reset();
  CHECK(refusal(now).starts_with("egress cannot change"));
  now = config();
  now.egress->listen.address.port = 1;
  CHECK(refusal(now).starts_with("egress.listen"));
  now = config();
  now.egress->status = io::Endpoint{{}, "/run/status"};
  CHECK(refusal(now).starts_with("egress.status"));
  now = config();
  now.egress->tunnels.push_back({"api.example", 443});
  CHECK(refusal(now).find("HTTPS_PROXY") != std::string::npos);
}
