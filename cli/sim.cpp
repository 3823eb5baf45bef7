// ratls sim: a software AMD secure processor for tests and demonstrations.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/azure_machine.h>
#include <ratls/certgen/sim/guest.h>
#include <ratls/certgen/sim/policy_text.h>
#include <ratls/certgen/sim/processor.h>
#include <ratls/core/clock.h>

#include "output.h"
#include "verbs.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls sim init sim\n"
    "  ratls sim policy sim --out policy.json\n"
    "  ratls sim report sim --out report.bin --endorsement-out vcek.der\n"
    "  ratls verify report report.bin --endorsement vcek.der --policy policy.json\n"
    "  ratls sim update sim 4/0/28/223\n"
    "  ratls sim policy sim --azure --out azure.json       # for guests of --source sim-azure:sim\n"
    "  ratls sim extend sim 11 $(sha256sum kernel | cut -d' ' -f1)\n";

struct Options {
  std::string folder;
  std::string out;
  std::string endorsement_out;
  std::vector<std::string> products{"milan"};
  std::string report_data;
  std::vector<std::string> measurements;
  std::string tcb;
  std::string chip = "chip-0";
  std::string endorsed_from;
  std::uint32_t version = 5;
  std::uint32_t vmpl = 0;
  bool debug = false;
  bool vlek = false;
  bool azure = false;
  std::uint32_t pcr = 0;
  std::string digest;
};

// Also where nothing reads standard output: nobody should take these files for evidence.
void banner() {
  std::fputs("SIMULATED: these keys, reports and policies imitate AMD's and prove nothing.\n",
             stderr);
}

Exit stop(Exit exit, const std::string& what) {
  return report_stop(Stop{exit, what}, false);
}

std::optional<std::vector<sim::Product>> products_of(const Options& options) {
  std::vector<sim::Product> out;
  for (const std::string& name : options.products) {
    const auto product = sim::parse_product(name);
    if (!product) return std::nullopt;
    if (std::find(out.begin(), out.end(), *product) == out.end()) out.push_back(*product);
  }
  return out;
}

constexpr const char* kNoProduct = "--product must be milan, genoa, bergamo-siena or turin";

Exit init(const Options& options) {
  banner();
  const auto products = products_of(options);
  if (!products) return stop(Exit::usage, kNoProduct);
  auto authority = sim::Authority::open(options.folder);
  if (!authority) return report_error(authority.error(), false, options.folder);
  std::string said;
  for (const sim::Product product : *products) {
    const auto roots = authority->roots(product);
    if (!roots) return report_error(roots.error(), false, options.folder);
    said += "simulated ARK, ASK and ASVK of " + std::string(sim::name(product)) + " are in " +
            options.folder + "\n";
  }
  return print(said, Exit::ok);
}

std::optional<Stop> missing(const Options& options) {
  if (sim::Authority::present(options.folder)) return std::nullopt;
  return Stop{Exit::no_input,
              options.folder + ": there is no simulator; run ratls sim init " + options.folder};
}

std::optional<Stop> read_measurement(const std::string& hex, sim::Digest48& out) {
  const auto parsed = sim::Digest48::parse_hex(hex);
  if (!parsed) return Stop{Exit::usage, "--measurement must be 96 hex digits"};
  out = *parsed;
  return std::nullopt;
}

/// What `sim report` was asked for.
struct Task {
  sim::ReportOptions report;
  ReportData data;
  Timestamp endorsed_from;
};

std::optional<Stop> read_guest(const Options& options, sim::ReportOptions& report) {
  if (options.measurements.size() > 1) return Stop{Exit::usage, "a report has one --measurement"};
  for (const std::string& hex : options.measurements) {
    if (auto wrong = read_measurement(hex, report.launch.measurement)) return wrong;
  }
  if (!options.tcb.empty()) {
    const auto tcb = sim::parse_tcb(options.tcb, report.product);
    if (!tcb) {
      return Stop{Exit::usage,
                  "--tcb must be BOOTLOADER/TEE/SNP/MICROCODE, on Turin with FMC/ before it"};
    }
    auto& firmware = report.firmware;
    firmware.current = firmware.committed = firmware.launch = firmware.reported = *tcb;
  }
  if (options.debug) report.launch.policy |= sim::kPolicyDebug;
  if (options.vlek) report.signed_by = sim::SignedBy::vlek;
  report.version = options.version;
  report.vmpl = options.vmpl;
  return std::nullopt;
}

std::optional<Stop> read_task(const Options& options, const sim::Authority& authority,
                              sim::Product product, Task& task) {
  task.report = sim::report_of(product, authority.chip_id(product, options.chip));
  if (auto wrong = read_guest(options, task.report)) return wrong;
  if (!options.report_data.empty()) {
    const auto data = ReportData::parse_hex(options.report_data);
    if (!data) return Stop{Exit::usage, "--report-data must be 128 hex digits"};
    task.data = *data;
  }
  const auto from =
      options.endorsed_from.empty() ? SystemClock().now() : parse_rfc3339(options.endorsed_from);
  if (!from) return Stop{Exit::usage, "--endorsed-from must be a time like 2026-01-01T00:00:00Z"};
  task.endorsed_from = *from;
  return std::nullopt;
}

Exit write_report(const Options& options, const AttestationReport& made) {
  if (!options.endorsement_out.empty()) {
    if (const auto wrong = write_output(options.endorsement_out, *made.endorsement)) {
      return report_stop(*wrong, false);
    }
  }
  if (const auto wrong = write_output(options.out, made.report)) return report_stop(*wrong, false);
  return Exit::ok;
}

Exit report(const Options& options) {
  banner();
  const auto products = products_of(options);
  if (!products || products->size() != 1) return stop(Exit::usage, kNoProduct);
  if (const auto none = missing(options)) return report_stop(*none, false);
  auto authority = sim::Authority::open(options.folder);
  if (!authority) return report_error(authority.error(), false, options.folder);
  Task task;
  if (const auto wrong = read_task(options, *authority, products->front(), task)) {
    return report_stop(*wrong, false);
  }
  sim::ProcessorOptions machine;
  machine.report = task.report;
  sim::SystemSleeper sleeper;
  const auto processor = sim::Processor::make(*authority, machine, task.endorsed_from, sleeper);
  if (!processor) return report_error(processor.error(), false, options.folder);
  const auto made = (*processor)->get(task.data);
  if (!made) return report_error(made.error(), false, options.folder);
  return write_report(options, *made);
}

Exit update(const Options& options) {
  banner();
  if (const auto none = missing(options)) return report_stop(*none, false);
  const auto tcb = sim::parse_tcb(options.tcb, sim::Product::milan);
  if (!tcb) return stop(Exit::usage, "TCB must be BOOTLOADER/TEE/SNP/MICROCODE, e.g. 4/0/28/223");
  const auto done = sim::update_firmware(options.folder, *tcb);
  if (!done) return report_error(done.error(), false, options.folder);
  return print("guests of " + options.folder + " report " + options.tcb + " from now on\n",
               Exit::ok);
}

Exit extend(const Options& options) {
  banner();
  if (const auto none = missing(options)) return report_stop(*none, false);
  const auto digest = Sha256Digest::parse_hex(options.digest);
  if (!digest) return stop(Exit::usage, "DIGEST must be a SHA-256, 64 hex digits");
  const auto done = sim::extend_pcr(options.folder, options.pcr, *digest);
  if (!done) return report_error(done.error(), false, options.folder);
  return print("PCR " + std::to_string(options.pcr) + " of sim-azure:" + options.folder +
                   " is extended from now on\n",
               Exit::ok);
}

// What boots and what may boot it: boot loader, Secure Boot, unified kernel image.
Result<PcrValues> pcrs_of(const Options& options) {
  PcrValues out;
  if (!options.azure) return out;
  RATLS_TRY(const PcrValues all, sim::azure_pcrs(options.folder));
  for (const std::uint32_t index : {4U, 7U, 11U}) out[index] = all.at(index);
  return out;
}

Exit policy(const Options& options) {
  banner();
  const auto products = products_of(options);
  if (!products) return stop(Exit::usage, kNoProduct);
  if (const auto none = missing(options)) return report_stop(*none, false);
  sim::PolicyOptions wanted;
  wanted.products = *products;
  if (!options.measurements.empty()) wanted.measurements.clear();
  for (const std::string& hex : options.measurements) {
    sim::Digest48 measurement;
    if (const auto wrong = read_measurement(hex, measurement)) return report_stop(*wrong, false);
    wanted.measurements.push_back(measurement);
  }
  if (options.vlek) wanted.csp_ids = {sim::ProcessorOptions{}.csp_id};
  auto pcrs = pcrs_of(options);
  if (!pcrs) return report_error(pcrs.error(), false, options.folder);
  wanted.tpm_pcrs = std::move(pcrs).value();
  auto authority = sim::Authority::open(options.folder);
  if (!authority) return report_error(authority.error(), false, options.folder);
  const auto json = sim::policy_json(*authority, wanted);
  if (!json) return report_error(json.error(), false, options.folder);
  const auto wrong = write_output(options.out, as_bytes(*json));
  return wrong ? report_stop(*wrong, false) : Exit::ok;
}

void common_options(CLI::App& verb, Options& options) {
  verb.add_option("DIR", options.folder, "Where the simulator keeps its keys")->required();
  verb.add_option("--product", options.products,
                  "milan, genoa, bergamo-siena or turin; may be repeated")
      ->allow_extra_args(false);
  verb.footer(exit_code_help() + kExamples);
}

void report_options(CLI::App& verb, Options& options) {
  verb.add_option("--out", options.out, "The report, 1184 bytes; - for stdout")->required();
  verb.add_option("--endorsement-out", options.endorsement_out, "Its VCEK or VLEK, DER");
  verb.add_option("--report-data", options.report_data, "128 hex digits; default zeros");
  verb.add_option("--measurement", options.measurements, "96 hex digits")->allow_extra_args(false);
  verb.add_option("--tcb", options.tcb, "All four TCBs, e.g. 4/0/27/222, on Turin 1/1/1/4/81");
  verb.add_option("--chip", options.chip, "Which chip, by any name; default chip-0");
  verb.add_option("--endorsed-from", options.endorsed_from, "Begin of the VCEK's validity");
  verb.add_option("--version", options.version, "Report version; default 5");
  verb.add_option("--vmpl", options.vmpl, "Privilege level; default 0");
  verb.add_flag("--debug", options.debug, "The guest's policy allows debugging");
  verb.add_flag("--vlek", options.vlek, "Signed by a cloud provider's VLEK");
}

void policy_options(CLI::App& verb, Options& options) {
  verb.add_option("--out", options.out, "The policy, JSON; - for stdout")->required();
  verb.add_option("--measurement", options.measurements, "96 hex digits; may be repeated")
      ->allow_extra_args(false);
  verb.add_flag("--vlek", options.vlek, "Accept the simulated provider's VLEK too");
  verb.add_flag("--azure", options.azure,
                "For sim-azure:DIR: PCRs 4, 7 and 11 must be as they are now");
}

}  // namespace

void add_sim(CLI::App& tool, Exit& exit) {
  auto* group = tool.add_subcommand("sim", "A software AMD-SP for tests; proves nothing");
  group->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  auto* init_verb = group->add_subcommand("init", "Make its keys, which takes seconds a product");
  common_options(*init_verb, *options);
  init_verb->callback([options, &exit] { exit = init(*options); });
  auto* report_verb = group->add_subcommand("report", "Sign a report");
  common_options(*report_verb, *options);
  report_options(*report_verb, *options);
  report_verb->callback([options, &exit] { exit = report(*options); });
  auto* update_verb =
      group->add_subcommand("update", "Update the firmware below sim:DIR, running guests included");
  update_verb->add_option("DIR", options->folder, "Where the simulator keeps its keys")->required();
  update_verb->add_option("TCB", options->tcb, "The new level, e.g. 4/0/28/223")->required();
  update_verb->footer(exit_code_help() + kExamples);
  update_verb->callback([options, &exit] { exit = update(*options); });
  auto* extend_verb =
      group->add_subcommand("extend", "Extend a PCR of sim-azure:DIR, running guests included");
  extend_verb->add_option("DIR", options->folder, "Where the simulator keeps its keys")->required();
  extend_verb->add_option("PCR", options->pcr, "0 to 23")->required()->check(CLI::Range(0U, 23U));
  extend_verb->add_option("DIGEST", options->digest, "What is measured, 64 hex digits")->required();
  extend_verb->footer(exit_code_help() + kExamples);
  extend_verb->callback([options, &exit] { exit = extend(*options); });
  auto* policy_verb = group->add_subcommand("policy", "Write a policy that accepts its guest");
  common_options(*policy_verb, *options);
  policy_options(*policy_verb, *options);
  policy_verb->callback([options, &exit] { exit = policy(*options); });
}

}  // namespace ratls::cli
