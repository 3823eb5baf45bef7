// A key broker in one file: releases one secret to guests that its policy accepts. What a broker
// for real needs besides (a store, rules, an audit log) has `ratls broker serve`.
//
//   key_broker --listen 127.0.0.1:0 --identity broker.pem --policy policy.json
//              --secret kbs:///agents/llm/api-key < value

#include <semaphore>
#include <thread>

#include <ratls/channel.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/examples/common/identity.h>
#include <ratls/examples/common/steps.h>
#include <ratls/services/http/exchange.h>
#include <ratls/services/kbs/resource.h>
#include <ratls/verify/policy_json.h>

namespace {

using namespace ratls;
using namespace ratls::examples;

std::counting_semaphore<64> free_places{64};  // connections at once

struct Keeper {
  std::shared_ptr<const CertificateIdentity> identity;
  std::shared_ptr<const Verifier> verifier;
  kbs::Resource resource;
  SecretBytes value;
};

// The whole report goes into the log before the guest hears of it, let alone gets anything.
ServerConfig config_of(const Keeper& keeper, Steps& log) {
  ServerConfig config(keeper.identity, AcceptEvidence{keeper.verifier});
  config.timeouts.idle = std::chrono::seconds(5);
  config.observer = [&log](const Event& event) {
    if (event.kind != Event::Kind::judged) return;
    log.step_with(event.verdict->accepted ? "judged the guest: accepted, it may ask for the key"
                                          : "judged the guest: rejected, it gets nothing",
                  event.verdict->text());
  };
  return config;
}

Result<void> answer(Channel& channel, const Keeper& keeper, Steps& log) {
  const auto stream = http::over(channel);
  const VerifiedPeer* guest = channel.peer().attested();
  if (guest == nullptr) return Error(Reason::internal, "nobody was judged");
  RATLS_TRY(const auto request, http::read_request(stream, after(std::chrono::seconds(10))));
  const auto wanted = kbs::Resource::parse_target(request.target);
  if (request.method != "GET" || !wanted || *wanted != keeper.resource) {
    const bool get = request.method == "GET";
    const Error why(get ? Reason::unknown_resource : Reason::malformed_http);
    log.step("refused: " + why.message());
    return http::send_problem(stream, get ? 404 : 405, why.reason());
  }
  RATLS_CHECK(http::send_secret(stream, keeper.value));
  log.step("released " + keeper.resource.uri() + " to " + guest->guest_name() +
           (guest->simulated() ? " (SIMULATED)" : ""));
  return {};
}

// There is no channel for a guest that was not accepted.
void serve(std::unique_ptr<Transport> transport, const Keeper& keeper, unsigned number) {
  Steps log("broker " + std::to_string(number));
  auto result = accept_over(std::move(transport), config_of(keeper, log));
  if (!result.channel) {
    const Error& why = result.channel.error();
    log.step("refused: " + (result.verdict ? std::string(code(why.reason())) : why.message()));
    return;
  }
  auto served = answer(*result.channel, keeper, log);
  if (served) served = result.channel->close();
  if (!served) log.step("ended: " + served.error().message());
}

Result<void> run(const Arguments& arguments) {
  RATLS_TRY(const std::string uri, arguments.need("secret"));
  RATLS_TRY(auto resource, kbs::Resource::parse_uri(uri));
  RATLS_TRY(const std::string listen, arguments.need("listen"));
  RATLS_TRY(const Address address, Address::parse(listen));
  RATLS_TRY(const std::string policy_path, arguments.need("policy"));
  RATLS_TRY(const Bytes policy_json, read_file(policy_path));
  RATLS_TRY(const Policy policy, parse_policy(policy_json));
  RATLS_TRY(const std::string identity_path, arguments.need("identity"));
  RATLS_TRY(auto identity, open_identity(identity_path));
  RATLS_TRY(SecretBytes value, read_secret_from_stdin());
  RATLS_TRY(TcpListener listener, TcpListener::bind(address));
  const SystemClock clock;
  const Keeper keeper{std::move(identity), std::make_shared<const Verifier>(policy, clock),
                      std::move(resource), std::move(value)};
  const Steps log("broker");
  for (const std::string& danger : policy.dangers()) log.note("WARNING: " + danger);
  log.note("policy " + policy.name() + " version " + std::to_string(policy.version()) +
           ", sha256 " + policy.sha256().hex().substr(0, 16) + "...");
  log.note("identity " + keeper.identity->pin());
  log.note("listening on " + listener.address().text());
  for (unsigned number = 1;; ++number) {
    auto stream = listener.accept(after(std::chrono::hours(24)));
    if (!stream && stream.error().reason() == Reason::handshake_timeout) continue;  // nobody came
    if (!stream) return std::move(stream).error();
    free_places.acquire();
    std::thread([stream = std::move(*stream), &keeper, number]() mutable {
      serve(std::move(stream), keeper, number);
      free_places.release();
    }).detach();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto given = Arguments::parse(argc, argv, {{"listen", "identity", "policy", "secret"}, {}});
  const auto done = given ? run(*given) : Result<void>(given.error());
  if (done) return kOk;
  complain("key_broker", done.error().message());
  return given ? exit_code(done.error()) : kUsage;
}
