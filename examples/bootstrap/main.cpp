// What a guest runs first: proves itself to its broker, receives a secret, starts a program.
//
//   bootstrap --image DIR --host FILE --report-source sim:DIR
//             --resource kbs:///agents/llm/api-key --as LLM_API_KEY -- /path/to/program ...

#include <cstdio>

#include <unistd.h>

#include <ratls/certgen/sim/guest.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/services/agent/environment.h>
#include <ratls/services/agent/host_file.h>

#include "fetch.h"

namespace {

using namespace ratls;
using namespace ratls::examples;

constexpr const char* kHelp =
    "usage: bootstrap --image DIR --host FILE --report-source sim:DIR\n"
    "                 --resource kbs:///REPO/TYPE/TAG --as VARIABLE [options] -- /PROGRAM "
    "[ARG...]\n"
    "\n"
    "  --image DIR        what the launch measurement covers; DIR/broker.pin is all it reads "
    "there\n"
    "  --host FILE        what the host says: {\"broker\":\"host:port\"} and nothing else\n"
    "  --report-source    auto, configfs, sev-guest, or sim:DIR, a folder of `ratls sim init`\n"
    "\n"
    "How the simulated guest was launched:\n"
    "  --sim-measurement HEX, --sim-debug, --sim-slow (8 ms a report, as on Google Cloud)\n"
    "\n"
    "exit codes: the program's own; 1 the broker is not the pinned one, 64 usage, 69 unreachable,\n"
    "75 try again, 77 the broker refused this guest, 78 bad image or host file, 126 and 127 the\n"
    "program cannot be started\n";

/// What is known before the first packet.
struct Plan {
  AcceptKey broker;
  Address address;
  kbs::Resource resource;
  std::string variable;
  std::unique_ptr<ReportSource> source;
};

Result<Plan> read_image_and_host(const Arguments& arguments, Steps& log) {
  RATLS_TRY(const std::string image, arguments.need("image"));
  RATLS_TRY(const std::string pin, read_line(image + "/broker.pin"));
  RATLS_TRY(const AcceptKey broker, parse_pin(pin));
  log.step("image: the broker is " + pin);
  RATLS_TRY(const std::string host, arguments.need("host"));
  RATLS_TRY(const Bytes host_file, read_file(host));
  RATLS_TRY(Address address, agent::parse_host_file(host_file));
  log.step("host: it is at " + address.text() + " (a hint, never an identity)");
  return Plan{broker, std::move(address), {}, {}, nullptr};
}

Result<Plan> plan_of(const Arguments& arguments, Steps& log) {
  RATLS_TRY(const std::string variable, arguments.need("as"));
  RATLS_CHECK(agent::check_variable_name(variable));
  RATLS_TRY(const std::string uri, arguments.need("resource"));
  RATLS_TRY(auto resource, kbs::Resource::parse_uri(uri));
  RATLS_TRY(const std::string source, arguments.need("report-source"));
  RATLS_TRY(Plan plan, read_image_and_host(arguments, log));
  plan.variable = variable;
  plan.resource = std::move(resource);
  const sim::GuestSetup launch{arguments.value_or("sim-measurement", ""),
                               arguments.has("sim-debug"), arguments.has("sim-slow")};
  RATLS_TRY(plan.source, sim::open_guest(source, launch));
  log.step("SIMULATED: no SEV-SNP hardware here; a software AMD-SP signs the reports");
  return plan;
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

int run(const Arguments& arguments) {
  Steps log("guest");
  auto plan = plan_of(arguments, log);
  if (!plan) {
    complain("bootstrap", plan.error().message());
    return exit_code(plan.error());
  }
  auto secret = fetch_secret(*plan->source, plan->broker, plan->address, plan->resource, log);
  if (!secret) {
    log.step("no secret: " + secret.error().message());
    return exit_code(secret.error());
  }
  log.note("starting " + name_of(arguments.command().front()) + " with " + plan->variable);
  const Error failed =
      agent::exec_with_secret(arguments.command(), {plan->variable, std::move(*secret)});
  complain("bootstrap", failed.message());
  const bool found = ::access(arguments.command().front().c_str(), F_OK) == 0;
  return found ? 126 : 127;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      Arguments::parse(argc, argv,
                       {{"image", "host", "report-source", "resource", "as", "sim-measurement"},
                        {"help", "sim-debug", "sim-slow"}});
  if (arguments && arguments->has("help")) {
    std::fputs(kHelp, stdout);
    return kOk;
  }
  if (!arguments || arguments->command().empty()) {
    complain("bootstrap",
             arguments ? "no program after --; see --help" : arguments.error().message());
    return kUsage;
  }
  return run(*arguments);
}
