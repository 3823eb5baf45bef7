// Echoes one line to guests that the policy accepts.
//
//   echo_server --listen 127.0.0.1:4433 --identity server.pem --policy policy.json [--once]

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

// [README server]
Result<void> echo(std::unique_ptr<Transport> tcp, const ServerConfig& config, Steps& log) {
  auto handshake = accept_over(std::move(tcp), config);
  if (handshake.verdict) log.step_with("judged:", handshake.verdict->text());  // every check
  RATLS_TRY(Channel channel, std::move(handshake.channel));  // no channel without acceptance
  log.step("accepted measurement " + channel.peer().attested()->measurement().hex());
  std::array<std::uint8_t, 1024> line{};
  RATLS_TRY(const std::size_t size, channel.read(line));
  RATLS_CHECK(channel.write(ByteView(line).first(size)));
  return channel.close();
}

Result<void> serve(TcpListener& listener, std::shared_ptr<const CertificateIdentity> identity,
                   Policy policy, bool once) {
  const SystemClock clock;
  auto verifier = std::make_shared<const Verifier>(std::move(policy), clock);
  const ServerConfig config(std::move(identity), AcceptEvidence{verifier});
  Steps log("server");
  do {
    RATLS_TRY(auto tcp, listener.accept(after(std::chrono::hours(24))));
    auto served = echo(std::move(tcp), config, log);
    if (!served) log.step("refused: " + served.error().message());
  } while (!once);
  return {};
}
// [README end]

Result<void> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string where, arguments.need("listen"));
  RATLS_TRY(const Address address, Address::parse(where));
  RATLS_TRY(const std::string path, arguments.need("policy"));
  RATLS_TRY(const Bytes json, examples::read_file(path));
  RATLS_TRY(Policy policy, parse_policy(json));
  RATLS_TRY(const std::string pem, arguments.need("identity"));
  RATLS_TRY(auto identity, examples::open_identity(pem));
  RATLS_TRY(auto listener, TcpListener::bind(address));
  const Steps log("server");
  log.note("identity " + identity->pin());
  log.note("listening on " + listener.address().text());
  return serve(listener, std::move(identity), std::move(policy), arguments.has("once"));
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"listen", "identity", "policy"}, {"once"}});
  if (!arguments) {
    examples::complain("echo_server", arguments.error().message());
    return examples::kUsage;
  }
  const auto ended = run(*arguments);
  if (ended) return examples::kOk;
  examples::complain("echo_server", ended.error().message());
  return examples::exit_code(ended.error());
}
