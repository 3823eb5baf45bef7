// ratls broker serve: release secrets to guests that prove what they run.

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include <ratls/core/clock.h>
#include <ratls/core/process_memory.h>
#include <ratls/services/broker/notify.h>
#include <ratls/services/broker/server.h>

#include "broker_verbs.h"
#include "channel_options.h"
#include "sockets_of_manager.h"

namespace ratls::cli {

namespace {

using broker::Journal;

struct Options {
  std::string config;
  std::string log = "json";
};

void announce(const broker::Server& server, const Journal& journal) {
  const auto where = server.where();
  Journal::Fields fields{{"listen", where.plain}};
  if (!where.framed.empty()) fields.emplace_back("framed", where.framed);
  if (!where.status.empty()) fields.emplace_back("status", where.status);
  if (!where.inherited.empty()) fields.emplace_back("inherited", where.inherited);
  fields.emplace_back("pin", server.pin());
  fields.emplace_back("handshakes", std::to_string(server.handshakes()));
  for (const std::string& danger : server.dangers()) {
    journal.warn("policy.danger", {{"detail", danger}});
  }
  journal.info("broker.serving", fields);
  broker::notify_manager("READY=1");
}

// Each guest is a descriptor; the usual soft limit of 1024 is below what the broker is made for.
void allow_many_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
}

Exit serve(const Options& options) {
  const Input there = read_input(options.config);
  if (there.stop) return report_stop(*there.stop, false);
  std::signal(SIGPIPE, SIG_IGN);
  guard_process_memory();
  allow_many_connections();
  auto sockets = sockets_of_manager();
  if (!sockets) return report_stop(stop_of(sockets.error(), "LISTEN_FDS"), false);
  const SystemClock clock;
  const Journal journal(options.log == "text" ? Journal::Form::text : Journal::Form::json, clock,
                        [](const std::string& line) { std::fputs(line.c_str(), stderr); });
  io::Loop loop;
  auto server = broker::Server::open(loop, options.config, clock, journal, std::move(*sockets));
  if (!server) return report_stop(stop_of(server.error(), options.config), false);
  const io::Signals signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&](int number) {
    number == SIGHUP ? (*server)->reload() : (*server)->stop();
  });
  announce(**server, journal);
  loop.run();
  journal.info("broker.stopped");
  return Exit::ok;
}

}  // namespace

void add_broker_serve(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("serve", "Serve until SIGTERM; SIGHUP reads policy and rules");
  const auto options = std::make_shared<Options>();
  verb->add_option("--config", options->config, "broker.json (docs/broker.md)")->required();
  verb->add_option("--log", options->log, "json, or text for people")
      ->check(CLI::IsMember({"json", "text"}))
      ->capture_default_str();
  verb->footer(exit_code_help() + "\nEXAMPLES\n  ratls broker serve --config broker.json\n");
  verb->callback([options, &exit] { exit = serve(*options); });
}

}  // namespace ratls::cli
