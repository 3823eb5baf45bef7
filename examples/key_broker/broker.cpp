#include "broker.h"

#include <chrono>
#include <string>

#include <ratls/examples/common/steps.h>
#include <ratls/services/http/exchange.h>

namespace ratls::examples {
namespace {

using namespace std::chrono_literals;

constexpr auto kRequestTime = 10s;

// The whole report goes into the log before the guest hears of it, let alone gets anything.
void show(const Verdict& verdict, Steps& log) {
  log.step_with(verdict.accepted ? "judged the guest: accepted, it may ask for the key"
                                 : "judged the guest: rejected, it gets nothing",
                verdict.text());
}

ServerConfig config_of(const Keeper& keeper, Steps& log) {
  ServerConfig config(keeper.identity, AcceptEvidence{keeper.verifier});
  config.timeouts.idle = 5s;
  config.observer = [&log](const Event& event) {
    if (event.kind == Event::Kind::judged) show(*event.verdict, log);
  };
  return config;
}

std::string name_of(const Peer& peer) {
  const VerifiedPeer& guest = *peer.attested();
  return guest.guest_name() + (guest.simulated() ? " (SIMULATED)" : "");
}

// What a client is told that asked for something else than the secret.
Result<void> refuse(const http::Stream& stream, int status, const Error& error, Steps& log) {
  log.step("refused: " + error.message());
  return http::send_problem(stream, status, error.reason());
}

Result<void> answer(const http::Stream& stream, const Keeper& keeper, const Peer& peer,
                    Steps& log) {
  RATLS_TRY(const auto request, http::read_request(stream, after(kRequestTime)));
  if (request.method != "GET") {
    return refuse(stream, 405, Error(Reason::malformed_http, "only GET is served"), log);
  }
  const auto wanted = agent::Resource::parse_target(request.target);
  if (!wanted || *wanted != keeper.resource) {
    return refuse(stream, 404, Error(Reason::unknown_resource), log);
  }
  RATLS_CHECK(http::send_secret(stream, keeper.value));
  log.step("released " + keeper.resource.uri() + " to " + name_of(peer));
  return {};
}

// The channel is the proof that the guest was accepted: there is none for a guest that was not.
Result<void> serve_channel(Channel& channel, const Keeper& keeper, Steps& log) {
  if (channel.peer().attested() == nullptr) return Error(Reason::internal, "nobody was judged");
  RATLS_CHECK(answer(http::over(channel), keeper, channel.peer(), log));
  return channel.close();
}

}  // namespace

void serve(std::unique_ptr<Transport> transport, const Keeper& keeper, unsigned number) {
  Steps log("broker " + std::to_string(number));
  auto result = accept_over(std::move(transport), config_of(keeper, log));
  if (!result.channel) {
    const Error& why = result.channel.error();
    log.step("refused: " + (result.verdict ? std::string(code(why.reason())) : why.message()));
    return;
  }
  auto served = serve_channel(*result.channel, keeper, log);
  if (!served) log.step("ended: " + served.error().message());
}

}  // namespace ratls::examples
