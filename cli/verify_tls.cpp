// ratls verify tls: the evidence of a running server, bound to this very session.

#include <memory>

#include <ratls/channel.h>

#include "channel_options.h"
#include "verbs.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls verify tls llm.internal:8443 --policy prod.json\n"
    "  ratls verify tls llm.internal:8443 --policy prod.json --json | jq .peer.measurement\n"
    "  ratls verify tls llm.internal:8443 --policy prod.json --source sim:DIR   # mutual\n"
    "\n"
    "The server must prove itself in this handshake (level \"handshake\"). A server that also "
    "judges\n"
    "its clients may refuse this one afterwards; the verdict on the server stands all the same.\n";

struct Options {
  std::string server;
  IdentityOptions me;
  AcceptOptions peer;
  unsigned seconds = 20;
  bool json = false;
};

Exit judge(const Options& options, const Address& address, const ClientConfig& config) {
  const HandshakeResult result = connect(address, config);
  if (!result.verdict) {
    const Error error =
        result.channel ? Error(Reason::internal, "no verdict") : result.channel.error();
    return report_error(error, options.json, options.server);
  }
  const Verdict& verdict = *result.verdict;
  const Exit exit =
      verdict.accepted ? Exit::ok : exit_of(verdict.reason.value_or(Reason::internal));
  return print(options.json ? verdict.json() + "\n" : verdict.text(), exit);
}

Exit verify_tls(const Options& options) {
  const auto address = Address::parse(options.server);
  if (!address) return report_error(address.error(), options.json, options.server);
  Parties parties;
  std::optional<ClientConfig> config;
  if (const auto stop = make_client(options.me, options.peer, parties, config)) {
    return report_stop(*stop, options.json);
  }
  config->timeouts.handshake = std::chrono::seconds(options.seconds);
  return judge(options, *address, *config);
}

}  // namespace

void add_verify_tls(CLI::App& verify, Exit& exit) {
  auto* verb = verify.add_subcommand("tls", "Judge the evidence of a running server");
  const auto options = std::make_shared<Options>();
  verb->add_option("HOST:PORT", options->server, "The server")->required();
  add_policy_options(*verb, options->peer);
  verb->get_option("--policy")->required();
  add_key_bound_option(*verb, options->peer);
  add_identity_options(*verb, options->me);
  verb->add_option("--timeout", options->seconds, "Seconds for connection and handshake")
      ->capture_default_str();
  verb->add_flag("--json", options->json, "One JSON object, schema ratls.verdict/1");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = verify_tls(*options); });
}

}  // namespace ratls::cli
