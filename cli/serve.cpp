// ratls serve: attested TLS in front of programs that know nothing of it.

#include <memory>

#include <ratls/core/process_memory.h>

#include "channel_options.h"
#include "tunnel_options.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls serve --listen :8443 --to 127.0.0.1:8000 --identity server.pem --policy agents.json\n"
    "  ratls serve --listen :8443 --to unix:/run/llm.sock --source sim:DIR --policy agents.json\n"
    "\n"
    "SIGHUP reads --identity and --policy again: for new connections, and without a gap.\n"
    "No byte reaches --to, and no connection is opened to it, before a client was accepted.\n";

struct Options {
  std::string listen;
  std::string to;
  IdentityOptions me;
  AcceptOptions peer;
  TunnelOptions tunnel;
};

std::optional<Stop> make_plan(const Options& options, const io::Endpoint& to, Parties& parties,
                              SharedPlan& out) {
  std::optional<ServerConfig> config;
  if (auto stop = make_server(options.me, options.peer, parties, config)) return stop;
  using Pinned = std::shared_ptr<const CertificateIdentity>;
  if (const auto* identity = std::get_if<Pinned>(&config->identity)) {
    if (!options.tunnel.quiet) {
      std::fprintf(stderr, "ratls: clients pin %s\n", (*identity)->pin().c_str());
    }
  }
  parties.again = true;
  out = std::make_shared<const tunnel::Plan>(tunnel::Plan{*std::move(config), to});
  return std::nullopt;
}

Exit run(const Options& options) {
  guard_process_memory();
  const auto to = io::Endpoint::parse(options.to);
  if (!to) return report_stop(stop_of(to.error(), "--to"), false);
  Parties parties;
  const Reload make = [&](SharedPlan& out) { return make_plan(options, *to, parties, out); };
  SharedPlan plan;
  if (const auto stop = make(plan)) return report_stop(*stop, false);
  return run_listening(std::move(plan), make, options.listen, options.tunnel);
}

}  // namespace

void add_serve(CLI::App& tool, Exit& exit) {
  auto* verb = tool.add_subcommand("serve", "Carry accepted clients' bytes to a plain server");
  const auto options = std::make_shared<Options>();
  verb->add_option("--listen", options->listen,
                   "HOST:PORT or unix:PATH; left out for a socket inherited from systemd");
  verb->add_option("--to", options->to, "The plain server: HOST:PORT or unix:PATH")->required();
  add_policy_options(*verb, options->peer);
  add_key_bound_option(*verb, options->peer);
  add_pin_option(*verb, options->peer);
  add_identity_options(*verb, options->me);
  add_tunnel_options(*verb, options->tunnel);
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = run(*options); });
}

}  // namespace ratls::cli
