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
