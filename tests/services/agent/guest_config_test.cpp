// guest.json: what is accepted by name only.
#include <catch2/catch_test_macros.hpp>

#include <string>

#include <ratls/services/agent/guest_config.h>

using namespace ratls;

namespace {

// The broker of a guest.json that has nothing else to say.
Result<agent::GuestConfig> with_broker(const std::string& accept) {
  return agent::parse_guest_config(
      as_bytes(R"({"broker": {)" + accept + R"(, "address": "10.0.0.1:8443"}, "secrets": [],
                   "agent": {}})"));
}

}  // namespace

TEST_CASE("guest.json takes evidence over the key only where it says so, beside a policy") {
  const auto careful = with_broker(R"("attested_by": "policy.json")");
  INFO((careful ? std::string() : careful.error().message()));
  REQUIRE(careful);
  CHECK_FALSE(careful->broker.accept.key_bound);
  const auto careless =
      with_broker(R"("attested_by": "policy.json", "dangerously_accept_key_bound": true)");
  REQUIRE(careless);
  CHECK(careless->broker.accept.key_bound);
  const auto astray = with_broker(
      R"("pin": "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "dangerously_accept_key_bound": true)");
  REQUIRE_FALSE(astray);
  CHECK(astray.error().detail().find("belongs to attested_by") != std::string::npos);
  CHECK_FALSE(with_broker(R"("attested_by": "p.json", "dangerously_accept_key_bound": "yes")"));
}

namespace {

Result<agent::GuestConfig> with_egress(const std::string& more,
                                       const agent::GuestRules& rules = {}) {
  return agent::parse_guest_config(
      as_bytes(R"({"broker": {"pin": "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                   "address": "10.0.0.1:8443"}, "secrets": [], "agent": {},
                   "egress": {"upstreams": [])" +
               more + "}}"),
      rules);
}

}  // namespace

TEST_CASE("the egress listens where this machine alone may come in") {
  for (const char* local : {"127.0.0.1:8790", "[::1]:8790", "unix:/run/ratls/egress.sock"}) {
    CHECK(with_egress(R"(, "listen": ")" + std::string(local) + '"'));
    CHECK(with_egress(R"(, "status": ")" + std::string(local) + '"'));
  }
  for (const char* wide : {"0.0.0.0:8790", ":8790", "[::]:8790", "localhost:8790", "10.0.0.1:8790",
                           "127.0.0.1.example.org:8790", "127.1:8790"}) {
    CAPTURE(wide);
    const auto listen = with_egress(R"(, "listen": ")" + std::string(wide) + '"');
    REQUIRE_FALSE(listen);
    CHECK(listen.error().detail().find("127.0.0.1, ::1 or unix:PATH") != std::string::npos);
    CHECK_FALSE(with_egress(R"(, "status": ")" + std::string(wide) + '"'));
  }
}

TEST_CASE("the command line may widen the listener, never the status page") {
  const agent::GuestRules unsafe{true};
  CHECK(with_egress(R"(, "listen": "0.0.0.0:8790")", unsafe));
  CHECK_FALSE(with_egress(R"(, "status": "0.0.0.0:8791")", unsafe));
}
