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
    "No byte reaches --to, and no connection is opened to it, before a client was accepted.\n";

struct Options {
  std::string listen;
  std::string to;
  IdentityOptions me;
  AcceptOptions peer;
  TunnelOptions tunnel;
};

Exit run(const Options& options) {
  guard_process_memory();
  const auto to = io::Endpoint::parse(options.to);
  if (!to) return report_stop(stop_of(to.error(), "--to"), false);
  Parties parties;
  std::optional<ServerConfig> config;
  if (const auto stop = make_server(options.me, options.peer, parties, config)) {
    return report_stop(*stop, false);
  }
  using Pinned = std::shared_ptr<const CertificateIdentity>;
  if (const auto* identity = std::get_if<Pinned>(&config->identity)) {
    if (!options.tunnel.quiet) {
      std::fprintf(stderr, "ratls: clients pin %s\n", (*identity)->pin().c_str());
    }
  }
  return run_listening({*std::move(config), *to}, options.listen, options.tunnel);
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
