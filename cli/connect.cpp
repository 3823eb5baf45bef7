// ratls connect: attested TLS for programs that know nothing of it, as a client.

#include <memory>

#include <ratls/core/process_memory.h>

#include "channel_options.h"
#include "tunnel_options.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  echo hello | ratls connect broker:8443 --pin sha256//... --source sim:DIR\n"
    "  ratls connect llm.internal:8443 --policy llm.json --listen 127.0.0.1:8080\n"
    "  ratls connect llm.internal:8443 --policy llm.json --listen unix:/run/llm.sock\n"
    "\n"
    "With --listen, SIGHUP reads --identity, --policy and --ca again for new connections.\n"
    "Without --listen, standard input and output are the plain side. Where the other end stops\n"
    "without close_notify, the plain side ends with an error and never as if it were complete.\n";

struct Options {
  std::string server;
  std::string listen;
  IdentityOptions me;
  AcceptOptions peer;
  TunnelOptions tunnel;
};

Exit run(const Options& options) {
  guard_process_memory();
  const auto to = io::Endpoint::parse(options.server);
  if (!to) return report_stop(stop_of(to.error(), options.server), false);
  Parties parties;
  const Reload make = [&](SharedPlan& out) -> std::optional<Stop> {
    std::optional<ClientConfig> config;
    if (auto stop = make_client(options.me, options.peer, parties, config)) return stop;
    parties.again = true;
    out = std::make_shared<const tunnel::Plan>(tunnel::Plan{*std::move(config), *to});
    return std::nullopt;
  };
  SharedPlan plan;
  if (const auto stop = make(plan)) return report_stop(*stop, false);
  if (options.listen.empty()) return run_stdio(std::move(plan), options.tunnel);
  return run_listening(std::move(plan), make, options.listen, options.tunnel);
}

}  // namespace

void add_connect(CLI::App& tool, Exit& exit) {
  auto* verb = tool.add_subcommand("connect", "Carry plain bytes to an attested server");
  const auto options = std::make_shared<Options>();
  verb->add_option("HOST:PORT", options->server, "The server; unix:PATH too")->required();
  verb->add_option("--listen", options->listen,
                   "Where plain connections come in: HOST:PORT or unix:PATH (mode 0600)");
  add_policy_options(*verb, options->peer);
  add_key_bound_option(*verb, options->peer);
  add_pin_option(*verb, options->peer);
  add_ca_options(*verb, options->peer);
  add_identity_options(*verb, options->me);
  add_tunnel_options(*verb, options->tunnel);
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = run(*options); });
}

}  // namespace ratls::cli
