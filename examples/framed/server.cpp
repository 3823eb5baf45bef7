// Echoes lines to guests that attest after the handshake, in frames, whatever their TLS library:
// examples/node and examples/go are its clients.
//
//   framed_server --listen 127.0.0.1:4433 --identity server.pem --policy policy.json [--again]
//                 [--once]
//
// --again: asks for fresh evidence before each answer.

#include <array>
#include <cstdio>

#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/examples/common/identity.h>
#include <ratls/examples/common/steps.h>
#include <ratls/ratls.h>
#include <ratls/verify/policy_json.h>

namespace {

using namespace ratls;
using examples::Steps;

Result<void> echo(Channel& channel, bool again) {
  std::array<std::uint8_t, 1024> line{};
  while (true) {
    RATLS_TRY(const std::size_t size, channel.read(line));
    if (size == 0) return channel.close();
    if (again) RATLS_CHECK(channel.request_evidence());  // refused evidence ends the channel here
    RATLS_CHECK(channel.write(ByteView(line).first(size)));
  }
}

Result<void> serve_one(std::unique_ptr<Transport> tcp, const ServerConfig& config, bool again,
                       Steps& log) {
  auto handshake = accept_over(std::move(tcp), config);
  if (handshake.verdict) log.step_with("judged:", handshake.verdict->text());
  RATLS_TRY(Channel channel, std::move(handshake.channel));  // no channel without acceptance
  log.step("accepted measurement " + channel.peer().attested()->measurement().hex());
  return echo(channel, again);
}

ServerConfig config_of(std::shared_ptr<const CertificateIdentity> identity, Policy policy,
                       const Clock& clock, bool again) {
  auto verifier = std::make_shared<const Verifier>(std::move(policy), clock);
  ServerConfig config(std::move(identity), AcceptEvidence{verifier});
  config.framing = Framing::framed;  // its clients are framed too: bytes never decide it
  config.after_handshake.reattestation = again;
  return config;
}

Result<void> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string where, arguments.need("listen"));
  RATLS_TRY(const Address address, Address::parse(where));
  RATLS_TRY(const std::string path, arguments.need("policy"));
  RATLS_TRY(const Bytes json, examples::read_file(path));
  RATLS_TRY(Policy policy, parse_policy(json));
  RATLS_TRY(const std::string pem, arguments.need("identity"));
  RATLS_TRY(auto identity, examples::open_identity(pem));
  RATLS_TRY(auto listener, TcpListener::bind(address));
  Steps log("server");
  log.note("identity " + identity->pin());
  log.note("listening on " + listener.address().text());
  const SystemClock clock;
  const bool again = arguments.has("again");
  const ServerConfig config = config_of(std::move(identity), std::move(policy), clock, again);
  do {
    RATLS_TRY(auto tcp, listener.accept(after(std::chrono::hours(24))));
    auto served = serve_one(std::move(tcp), config, again, log);
    if (!served) log.step("refused: " + served.error().message());
  } while (!arguments.has("once"));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"listen", "identity", "policy"}, {"again", "once"}});
  if (!arguments) {
    examples::complain("framed_server", arguments.error().message());
    return examples::kUsage;
  }
  const auto ended = run(*arguments);
  if (ended) return examples::kOk;
  examples::complain("framed_server", ended.error().message());
  return examples::exit_code(ended.error());
}
