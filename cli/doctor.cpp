// ratls doctor: is this machine ready to attest itself, and if not, what repairs it?

#include <chrono>
#include <cstdio>
#include <memory>

#include <ratls/certgen/doctor/doctor.h>
#include <ratls/certgen/open_source.h>
#include <ratls/core/json.h>
#include <ratls/core/reader.h>
#include <ratls/kds/kds_client.h>
#include <ratls/verify/collateral/item.h>

#include "fetch_wishes.h"
#include "verbs.h"

namespace ratls::cli {

namespace {

using doctor::Check;
using doctor::Status;

constexpr const char* kExamples =
    "\nNo report is asked for without --report: asking costs one of the host's ten in ten "
    "seconds.\n"
    "0: reports can be had and nothing is in the way; 71: no door to the firmware; 78: something "
    "else\n"
    "is in the way (clock, locked memory); with --report also what asking ended with.\n"
    "\nEXAMPLES\n"
    "  ratls doctor\n"
    "  ratls doctor --report --json\n"
    "  ratls doctor --offline && systemctl start ratls\n";

struct Options {
  std::string root;
  std::string tcti;
  std::string policy;
  KdsOptions kds;
  bool offline = false;
  bool report = false;
  bool json = false;
};

/// What is found out, in the order in which it is shown.
struct Findings {
  doctor::Diagnosis diagnosis;
  Exit report = Exit::ok;
};

std::string milliseconds_since(std::chrono::steady_clock::time_point began) {
  const auto took = std::chrono::steady_clock::now() - began;
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  return std::to_string(count) + " ms";
}

// The service's list for Milan: 800 bytes, which are judged by AMD's pinned keys.
Check check_collateral(const Options& options, const Clock& clock) {
  constexpr std::string_view kId = "collateral";
  if (options.offline) return {kId, Status::skipped, "--offline", ""};
  const std::string fix =
      "needed only where the host gives no certificate: allow " + options.kds.base_url +
      ", or carry the files over with ratls collateral import; --offline skips this";
  std::optional<Stop> stop;
  const auto roots = read_roots(options.policy, stop);
  if (stop) return {kId, Status::fail, stop->what, "correct --policy"};
  if (!roots) return {kId, Status::fail, roots.error().message(), "correct --policy"};
  const auto client = KdsClient::create(options.kds, *roots, clock);
  if (!client) return {kId, Status::warn, client.error().message(), fix};
  const auto began = std::chrono::steady_clock::now();
  const auto list = (*client)->crl({snp::ProductLine::milan, snp::SigningKeyKind::vcek, {}});
  if (!list) {
    return {kId, Status::warn,
            "AMD's key service: " + std::string(code(list.error().reason())) + ": " +
                list.error().detail(),
            fix};
  }
  return {kId, Status::ok,
          options.kds.base_url + " answered after " + milliseconds_since(began) +
              (list->items.front().simulated ? " (SIMULATED)" : ""),
          ""};
}

Check check_leaf(const AttestationReport& made, const std::string& said, const Clock& clock) {
  constexpr std::string_view kId = "endorsement";
  if (!made.endorsement) {
    return {kId, Status::warn, said.empty() ? "the host gave no certificate with the report" : said,
            "verifiers need it from elsewhere: ratls report --out F; ratls collateral fetch "
            "--report F, on the verifier's side, then --collateral"};
  }
  const auto item = read_collateral(*made.endorsement, RootOfTrust::amd());
  if (!item) {
    return {kId, Status::warn, "the host's certificate is not AMD's: " + item.error().message(),
            "verifiers refuse it: have them use --collateral, and tell the host's operator"};
  }
  const std::string dates = to_rfc3339(item->begins) + " to " + to_rfc3339(item->ends);
  const auto now = clock.now();
  if (now && *now >= item->begins && *now < item->ends) return {kId, Status::ok, dates, ""};
  return {kId, Status::warn, "by this clock the certificate is not valid: " + dates,
          "correct the clock; see the check above"};
}

// VERSION stands at 0, VMPL at 0x30 (AMD 56860, ATTESTATION_REPORT).
std::string words_of(const AttestationReport& made) {
  Reader version(made.report, Reason::malformed_report);
  Reader level(ByteView(made.report).subspan(0x30), Reason::malformed_report);
  const auto number = version.u32le("VERSION");
  const auto vmpl = level.u32le("VMPL");
  if (!number || !vmpl) return {};
  return "version " + std::to_string(*number) + ", VMPL " + std::to_string(*vmpl);
}

void ask_for_report(const Options& options, const Clock& clock, Findings& out) {
  constexpr std::string_view kId = "report";
  auto& checks = out.diagnosis.checks;
  std::string said;
  const auto source =
      open_report_source(options.tcti.empty() ? "auto" : "azure-vtpm:" + options.tcti,
                         [&said](const std::string& line) { said = line; });
  const auto began = std::chrono::steady_clock::now();
  const auto made =
      source ? (*source)->get(ReportData()) : Result<AttestationReport>(source.error());
  if (!made) {
    out.report = exit_of(made.error().reason());
    checks.push_back({kId, Status::fail, made.error().detail(),
                      std::string(sentence(made.error().reason())) + " docs/reasons.md#" +
                          std::string(code(made.error().reason()))});
    return;
  }
  checks.push_back({kId, Status::ok,
                    words_of(*made) + ", from " + std::string((*source)->name()) + " in " +
                        milliseconds_since(began),
                    ""});
  checks.push_back(check_leaf(*made, said, clock));
}

Exit exit_of(const Findings& findings) {
  if (findings.diagnosis.door == doctor::Door::none) return Exit::no_device;
  if (findings.report != Exit::ok) return findings.report;
  return doctor::has_failure(findings.diagnosis.checks) ? Exit::bad_config : Exit::ok;
}

std::string last_line(const Findings& findings, Exit exit) {
  const std::string door(doctor::name(findings.diagnosis.door));
  if (exit == Exit::ok) return "READY      reports can be had: --source " + door + " (or auto)\n";
  if (door.empty()) return "NOT READY  no door to the firmware; mend what says FAIL\n";
  return "NOT READY  reports can be had (--source " + door + "), but mend what says FAIL\n";
}

std::string json_of(const Findings& findings, Exit exit) {
  json::Object out;
  out.text("schema", "ratls.doctor/1").boolean("ready", exit == Exit::ok);
  out.text_or_null("door", doctor::name(findings.diagnosis.door));
  out.number("exit_code", static_cast<std::uint64_t>(exit));
  return out.raw("checks", doctor::json_of(findings.diagnosis.checks)).str() + "\n";
}

Exit run(const Options& options) {
  const SystemClock clock;
  Findings findings;
  findings.diagnosis =
      doctor::diagnose(doctor::look_at({options.root, {}, options.tcti, options.offline}, clock));
  findings.diagnosis.checks.push_back(check_collateral(options, clock));
  if (options.report) ask_for_report(options, clock, findings);
  const Exit exit = exit_of(findings);
  if (options.json) return print(json_of(findings, exit), exit);
  return print(doctor::text_of(findings.diagnosis.checks) + last_line(findings, exit), exit);
}

}  // namespace

void add_doctor(CLI::App& tool, Exit& exit) {
  auto* verb =
      tool.add_subcommand("doctor", "Is this machine ready to attest itself? What is not?");
  const auto options = std::make_shared<Options>();
  options->kds.limit = options->kds.connect_limit = std::chrono::seconds(5);
  verb->add_flag("--report", options->report, "Ask for a report, too");
  verb->add_flag("--offline", options->offline,
                 "Do not try AMD's key service, nor Azure's metadata service");
  verb->add_flag("--json", options->json, "One JSON object (docs/schema/doctor.schema.json)");
  verb->add_option("--base-url", options->kds.base_url,
                   "The key service or a mirror; default " + options->kds.base_url);
  verb->add_option("--ca-file", options->kds.ca_file, "CAs that may vouch for its server, PEM");
  verb->add_option("--proxy", options->kds.proxy, "http://host:port; no environment is asked");
  verb->add_option("--policy", options->policy, "Also believe the simulator roots of this policy");
  // For tests: a folder that stands for the machine, and a TPM that stands for Azure's.
  verb->add_option("--root", options->root)->group("");
  verb->add_option("--tcti", options->tcti)->group("");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = run(*options); });
}

}  // namespace ratls::cli
