// ratls run, ratls egress, ratls bootstrap: an unchanged program in a guest, with its secrets and
// its way out.

#include <cstdio>
#include <memory>

#include <ratls/certgen/sim/guest.h>
#include <ratls/services/agent/bootstrap.h>
#include <ratls/services/agent/run.h>
#include <ratls/verify/files.h>

#include "channel_options.h"

namespace ratls::cli {

namespace {

constexpr const char* kRunExamples =
    "\nEXIT CODES of run: the program's own (128 + N where signal N ended it); 125 something "
    "failed\n"
    "before it was started, 126 it cannot be executed, 127 it was not found\n"
    "\nEXAMPLES\n"
    "  ratls run --config /etc/ratls/guest.json -- python3 crew.py\n"
    "  ratls run --config guest.json --source sim:DIR -- ./agent\n"
    "\n"
    "SIGHUP reads guest.json and its policies and fetches the secrets anew, all of it or nothing;\n"
    "other signals reach the program.\n"
    "The program finds its LLM at OPENAI_BASE_URL and ANTHROPIC_BASE_URL on 127.0.0.1, holds a\n"
    "placeholder for its key, and has no other network. See docs/agent.md.\n";

constexpr const char* kBootstrapExamples =
    "\nSIGNALS\n"
    "  SIGHUP fetches anew: files are replaced when all secrets came, else those of before stay.\n"
    "  SIGTERM and SIGINT remove the files and end.\n"
    "\nEXAMPLES\n"
    "  ratls bootstrap --config /etc/ratls/guest.json          (Type=notify, with WatchdogSec=)\n"
    "  ratls bootstrap --once --config /etc/ratls/guest.json   (Type=oneshot; the files stay)\n"
    "\n"
    "Publishes the secrets that guest.json gives to \"file\" and \"credential\" below "
    "agent.runtime,\n"
    "on a tmpfs, mode 0400. See docs/agent.md for the units.\n";

constexpr const char* kEgressExamples =
    "\nSIGNALS\n"
    "  SIGHUP reads guest.json and its policies and fetches the secrets anew: all of it or "
    "nothing.\n"
    "  SIGTERM and SIGINT end it, after the requests that are under way.\n"
    "\nEXAMPLES\n"
    "  ratls egress --config /etc/ratls/guest.json      (Type=notify)\n"
    "\n"
    "Metrics stand where egress.status of guest.json says. See docs/agent.md.\n";

struct Options {
  std::string config;
  std::string source;
  std::string measurement;
  bool quiet = false;
  bool unsafe_listen = false;
};

void add_options(CLI::App& verb, Options& options) {
  verb.add_option("--config", options.config, "guest.json of the measured image")->required();
  verb.add_option("--source", options.source,
                  "Where reports come from, in place of report_source in the file");
  verb.add_option("--sim-measurement", options.measurement,
                  "Launch measurement of a simulated guest, 96 hex digits");
  verb.add_flag("-q,--quiet", options.quiet, "Print no line per request");
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

Result<agent::GuestConfig> read_config(const std::string& path, const agent::GuestRules& rules) {
  RATLS_TRY(const Bytes file, read_file(path, kMaxInput, Reason::invalid_config));
  return agent::parse_guest_config(file, rules);
}

std::optional<Stop> plan_run(const Options& options, agent::Run& out) {
  const Input file = read_input(options.config);
  if (file.stop) return file.stop;
  const agent::GuestRules rules{options.unsafe_listen};
  auto config = agent::parse_guest_config(file.bytes, rules);
  if (!config) return stop_of(config.error(), options.config);
  out.config = std::move(config).value();
  out.read_config = [path = options.config, rules] { return read_config(path, rules); };
  out.unsafe_listen = options.unsafe_listen;
  out.folder = folder_of(options.config);
  const std::string source = options.source.empty() ? out.config.report_source : options.source;
  out.log = [quiet = options.quiet](const std::string& line) {
    if (!quiet) tell(line);
  };
  out.open_source = [source, launch = sim::GuestSetup{options.measurement, false, false},
                     say = out.log] { return sim::open_guest(source, launch, say); };
  return std::nullopt;
}

void complain(const Error& error) {
  std::fprintf(stderr, "ratls: %s\n", error.message().c_str());
}

int run_program(const Options& options, std::vector<std::string> command) {
  agent::Run what;
  if (const auto stop = plan_run(options, what)) {
    report_stop(*stop, false);
    return agent::kFailedBeforeExec;
  }
  what.command = std::move(command);
  const agent::Ended ended = agent::run(what);
  if (ended.error) complain(*ended.error);
  return ended.code;
}

Exit run_egress(const Options& options) {
  agent::Run what;
  if (const auto stop = plan_run(options, what)) return report_stop(*stop, false);
  const agent::Ended ended = agent::run(what);
  if (!ended.error) return Exit::ok;
  complain(*ended.error);
  return exit_of(ended.error->reason());
}

Exit run_bootstrap(const Options& options, agent::Stay stay) {
  agent::Run what;
  if (const auto stop = plan_run(options, what)) return report_stop(*stop, false);
  const auto done = agent::bootstrap(what, stay);
  if (done) return Exit::ok;
  complain(done.error());
  return exit_of(done.error().reason());
}

}  // namespace

void add_bootstrap(CLI::App& tool, Exit& exit) {
  auto* verb = tool.add_subcommand(
      "bootstrap", "Fetch a guest's secrets and publish them as files for its services");
  const auto options = std::make_shared<Options>();
  const auto once = std::make_shared<bool>(false);
  add_options(*verb, *options);
  verb->add_flag("--once", *once, "End when the files are there, and leave them");
  verb->footer(exit_code_help() + kBootstrapExamples);
  verb->callback([options, once, &exit] {
    exit = run_bootstrap(*options, *once ? agent::Stay::once : agent::Stay::until_told);
  });
}

void add_run(CLI::App& tool, Exit& exit) {
  auto* verb =
      tool.add_subcommand("run", "Start a program with its secrets and an attested way to its LLM");
  const auto options = std::make_shared<Options>();
  const auto command = std::make_shared<std::vector<std::string>>();
  add_options(*verb, *options);
  verb->add_option("command", *command, "The program and its arguments, behind --")->required();
  verb->footer(exit_code_help() + kRunExamples);
  verb->callback(
      [options, command, &exit] { exit = static_cast<Exit>(run_program(*options, *command)); });
}

void add_egress(CLI::App& tool, Exit& exit) {
  auto* verb = tool.add_subcommand("egress",
                                   "Only the loopback endpoint of `run`, until it is told to stop");
  const auto options = std::make_shared<Options>();
  add_options(*verb, *options);
  verb->add_flag("--unsafe-listen", options->unsafe_listen,
                 "Let egress.listen be any address: whoever reaches it speaks with this guest's "
                 "secrets");
  verb->footer(exit_code_help() + kEgressExamples);
  verb->callback([options, &exit] { exit = run_egress(*options); });
}

}  // namespace ratls::cli
