// A service as one would run it: many guests at once, systemd's socket or an address, SIGHUP for
// another policy, SIGTERM for an end that cuts nobody off. It echoes what accepted guests say.
//
//   service --identity server.pem --policy policy.json [--listen 127.0.0.1:4433]

#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include <ratls/activation.h>
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

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

Result<TcpListener> open_listener(const examples::Arguments& arguments) {
  RATLS_TRY(auto inherited, inherited_sockets({environment("LISTEN_PID"), environment("LISTEN_FDS"),
                                               environment("LISTEN_FDNAMES")}));
  if (inherited.size() == 1) return TcpListener::adopt(std::move(inherited.front().socket));
  if (!inherited.empty()) return Error(Reason::invalid_config, "more sockets than one");
  RATLS_TRY(const std::string where, arguments.need("listen"));
  RATLS_TRY(const Address address, Address::parse(where));
  return TcpListener::bind(address);
}

Result<Policy> read_policy(const std::string& path) {
  RATLS_TRY(const Bytes json, examples::read_file(path));
  return parse_policy(json);
}

// In a thread of its own, with these signals blocked everywhere. The next handshake is judged by
// the new policy; open channels stay. What cannot be read changes nothing.
void obey_signals(const sigset_t& signals, const std::string& path, Verifier& verifier,
                  Server& server) {
  const Steps log("service");
  while (true) {
    int signal = 0;
    if (::sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) break;
    auto policy = read_policy(path);
    log.note(policy ? "policy replaced: " + policy->name()
                    : "policy kept, the new one is refused: " + policy.error().message());
    if (policy) verifier.replace_policy(std::move(policy).value());
  }
  log.note("stopping: no new connections, open ones have ten seconds");
  server.stop();
}

void echo(Channel channel) {
  std::array<std::uint8_t, 4096> bytes{};
  while (true) {
    const auto got = channel.read(bytes);
    if (!got || *got == 0) break;
    if (!channel.write(ByteView(bytes).first(*got))) return;
  }
  static_cast<void>(channel.close());  // the guest may be gone
}

Result<void> serve(TcpListener listener, const ServerConfig& config, Verifier& verifier,
                   const std::string& policy_path) {
  Server server(std::move(listener), config, [](Channel channel, const std::string& from) {
    Steps("service").note("accepted " + from);
    echo(std::move(channel));
  });
  server.on_refusal([](const std::string& from, const Error& why, const Verdict* verdict) {
    Steps log("service");
    log.note("refused " + from + ": " + why.message());
    if (verdict != nullptr) log.step_with("judged:", verdict->text());
  });
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the server has threads
  std::thread obeying([&] { obey_signals(signals, policy_path, verifier, server); });
  auto ended = server.run();
  if (!ended) ::kill(::getpid(), SIGTERM);  // it did not begin: nobody else ends that thread
  obeying.join();
  return ended;
}

Result<void> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string path, arguments.need("policy"));
  RATLS_TRY(Policy policy, read_policy(path));
  RATLS_TRY(const std::string pem, arguments.need("identity"));
  RATLS_TRY(const auto identity, examples::open_identity(pem));
  RATLS_TRY(auto listener, open_listener(arguments));
  const SystemClock clock;
  const auto verifier = std::make_shared<Verifier>(std::move(policy), clock);
  const Steps log("service");
  log.note("identity " + identity->pin());
  log.note("listening on " + listener.address().text());
  return serve(std::move(listener), ServerConfig(identity, AcceptEvidence{verifier}), *verifier,
               path);
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"listen", "identity", "policy"}, {}});
  const auto ended = arguments ? run(*arguments) : Result<void>(arguments.error());
  if (ended) return examples::kOk;
  examples::complain("service", ended.error().message());
  return arguments ? examples::exit_code(ended.error()) : examples::kUsage;
}
