#include "tunnel_options.h"

#include <csignal>
#include <cstdio>

#include "channel_options.h"
#include "sockets_of_manager.h"

namespace ratls::cli {

namespace {

std::string accepted_text(const Session& session) {
  const Peer* peer = session.peer();
  const VerifiedPeer* attested = peer == nullptr ? nullptr : peer->attested();
  if (attested == nullptr) return "accepted by its key or certificate";
  std::string out =
      "accepted \"" + attested->guest_name() + "\", measurement " + attested->measurement().hex();
  if (session.verdict() != nullptr && session.verdict()->policy) {
    const PolicyId& policy = *session.verdict()->policy;
    out += ", policy " + policy.name + " version " + std::to_string(policy.version);
  }
  if (attested->level() == Level::key) out += ", KEY-BOUND to no session (CVE-2026-33697)";
  if (session.verdict() != nullptr && session.verdict()->simulated) out += ", SIMULATED";
  return out;
}

/// People's log on standard error.
class Log {
 public:
  explicit Log(const TunnelOptions& options) : options_(options) {}

  void line(const std::string& text) const {
    if (!options_.quiet) std::fprintf(stderr, "ratls: %s\n", text.c_str());
  }
  void verdict_of(const tunnel::Tunnel& tunnel) const {
    const Session* session = tunnel.session();
    if (!options_.verdict || session == nullptr || session->verdict() == nullptr) return;
    std::fputs(session->verdict()->text().c_str(), stderr);
  }

  [[nodiscard]] tunnel::Service::Log events() const {
    tunnel::Service::Log out;
    out.opened = [this](const tunnel::Tunnel& tunnel) {
      verdict_of(tunnel);
      line(tunnel.from() + ": " + accepted_text(*tunnel.session()));
    };
    out.over = [this](const tunnel::Tunnel& tunnel, const std::optional<Error>& error) {
      if (!error) return line(tunnel.from() + ": closed");
      const bool open = tunnel.session() != nullptr && tunnel.session()->peer() != nullptr;
      if (!open) verdict_of(tunnel);
      line(tunnel.from() + ": " + error->message());
    };
    out.turned_away = [this](const std::string& from, std::string_view why) {
      line(from + ": turned away: " + std::string(why));
    };
    return out;
  }

 private:
  const TunnelOptions& options_;
};

tunnel::Limits limits_of(const TunnelOptions& options) {
  return {options.max_connections, options.max_per_peer,
          std::chrono::seconds(options.drain_seconds),
          std::chrono::seconds(options.drain_silence_seconds)};
}

std::optional<Stop> adopt_inherited(tunnel::Service& service) {
  auto sockets = sockets_of_manager();
  if (!sockets) return stop_of(sockets.error(), "LISTEN_FDS");
  if (sockets->size() != 1) {
    return Stop{Exit::usage, "give --listen; " + std::to_string(sockets->size()) +
                                 " sockets were inherited (LISTEN_FDS), and one is taken"};
  }
  const auto adopted = service.adopt(std::move(sockets->front().socket));
  return adopted ? std::nullopt : std::optional(stop_of(adopted.error(), "LISTEN_FDS"));
}

std::optional<Stop> open_door(tunnel::Service& service, const std::string& listen) {
  if (listen.empty()) return adopt_inherited(service);
  const auto at = io::Endpoint::parse(listen);
  if (!at) return stop_of(at.error(), "--listen");
  const auto bound = service.listen(*at);
  return bound ? std::nullopt : std::optional(stop_of(bound.error(), "--listen"));
}

// What is not good changes nothing.
void read_again(tunnel::Service& service, const Reload& reload, const Log& log) {
  SharedPlan plan;
  if (const auto stop = reload(plan)) {
    std::fprintf(stderr, "ratls: SIGHUP: nothing has changed: %s\n", stop->what.c_str());
    return;
  }
  service.replace_plan(std::move(plan));
  log.line("SIGHUP: identity and policy were read again; open tunnels go on as they began");
}

}  // namespace

void add_tunnel_options(CLI::App& verb, TunnelOptions& options) {
  verb.add_option("--max-connections", options.max_connections, "Tunnels at once; more are closed")
      ->capture_default_str();
  verb.add_option("--max-per-peer", options.max_per_peer,
                  "Of one address, or IPv6 network of 64 bits, at once")
      ->capture_default_str();
  verb.add_option("--drain", options.drain_seconds,
                  "Seconds that open tunnels may go on after SIGTERM")
      ->capture_default_str();
  verb.add_option("--drain-silence", options.drain_silence_seconds,
                  "Seconds of silence that end one then whose server spoke last")
      ->capture_default_str();
  verb.add_flag("--verdict", options.verdict, "Print every check of every appraisal");
  verb.add_flag("-q,--quiet", options.quiet, "Print no line per connection");
}

Exit run_listening(SharedPlan plan, const Reload& reload, const std::string& listen,
                   const TunnelOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  io::Loop loop;
  const Log log(options);
  const std::string to = plan->to.text();
  tunnel::Service service(loop, std::move(plan), limits_of(options), log.events());
  if (const auto stop = open_door(service, listen)) return report_stop(*stop, false);
  const io::Signals signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&](int number) {
    if (number == SIGHUP) return read_again(service, reload, log);
    log.line("stopping; a second signal stops at once");
    service.stop();
  });
  log.line("listening on " + service.where() + ", for " + to);
  loop.run();
  return Exit::ok;
}

Exit run_stdio(SharedPlan plan, const TunnelOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  io::Loop loop;
  const Log log(options);
  tunnel::Service service(loop, std::move(plan), limits_of(options), log.events());
  const io::Signals signals(loop, [&](int) { service.stop(); });
  service.serve_one(io::standard_streams(loop));
  loop.run();
  return service.last_error() ? exit_of(service.last_error()->reason()) : Exit::ok;
}

}  // namespace ratls::cli
