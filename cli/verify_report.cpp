// ratls verify: judge evidence by a policy, or its authenticity alone.

#include <memory>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/verify/verifier.h>

#include "judging.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls verify report report.bin --endorsement vcek.der --policy prod.json\n"
    "  ratls verify report report.bin --collateral store --policy prod.json\n"
    "  ratls verify report report.bin --endorsement vcek.pem --authenticity-only\n"
    "  ratls verify report report.bin --endorsement vlek.der --policy prod.json \\\n"
    "      --at 2025-03-01T00:00:00Z --json | jq .accepted\n";

struct Options {
  std::string report;
  std::string endorsement;
  std::string crl;
  JudgingOptions judging;
  bool authenticity_only = false;
  std::string report_data;
  std::string at;
  bool json = false;
};

/// Everything read and understood.
struct Task {
  Bytes report;
  std::optional<Bytes> endorsement;
  std::optional<Bytes> crl;
  std::optional<ReportData> report_data;
  std::optional<Timestamp> at;

  [[nodiscard]] ReportFile file() const {
    ReportFile out;
    out.report = report;
    if (endorsement) out.endorsement = ByteView(*endorsement);
    if (crl) out.crl = ByteView(*crl);
    out.expected_report_data = report_data;
    return out;
  }
};

std::optional<Stop> read_values(const Options& options, Task& task) {
  if (!options.report_data.empty()) {
    task.report_data = ReportData::parse_hex(options.report_data);
    if (!task.report_data) return Stop{Exit::usage, "--report-data must be 128 hex digits"};
  }
  if (!options.at.empty()) {
    task.at = parse_rfc3339(options.at);
    if (!task.at) return Stop{Exit::usage, "--at must be a time like 2026-11-23T20:57:00Z"};
  }
  if (options.authenticity_only == !options.judging.policy.empty()) {
    return Stop{Exit::usage, "give either --policy FILE or --authenticity-only"};
  }
  if (options.authenticity_only && !options.judging.collateral.empty()) {
    return Stop{Exit::usage, "--collateral is for --policy; give --endorsement instead"};
  }
  if (options.authenticity_only && !options.judging.policy_key.empty()) {
    return Stop{Exit::usage, "--policy-key is for --policy, and no policy is given"};
  }
  const int from_stdin =
      static_cast<int>(options.report == "-") + static_cast<int>(options.endorsement == "-") +
      static_cast<int>(options.crl == "-") + static_cast<int>(options.judging.policy == "-");
  if (from_stdin > 1) return Stop{Exit::usage, "only one input can be standard input"};
  return std::nullopt;
}

std::optional<Stop> read_optional(const std::string& path, std::optional<Bytes>& out) {
  if (path.empty()) return std::nullopt;
  Input input = read_input(path);
  if (!input.stop) out = std::move(input.bytes);
  return input.stop;
}

std::optional<Stop> read_task(const Options& options, Task& task) {
  if (auto stop = read_values(options, task)) return stop;
  Input report = read_input(options.report);
  if (report.stop) return report.stop;
  task.report = std::move(report.bytes);
  if (auto stop = read_optional(options.endorsement, task.endorsement)) return stop;
  return read_optional(options.crl, task.crl);
}

Exit conclude(const Verdict& verdict, bool json) {
  const Exit exit = verdict.reason ? exit_of(*verdict.reason) : Exit::ok;
  return print(json ? verdict.json() + "\n" : verdict.text(), exit);
}

Exit judge(const Options& options, const Task& task, const Clock& clock) {
  if (options.authenticity_only) {
    return conclude(authenticate_report(task.file(), clock).verdict, options.json);
  }
  std::optional<Policy> policy;
  if (const auto stop = read_policy(options.judging, policy)) {
    return report_stop(*stop, options.json);
  }
  std::shared_ptr<CollateralSource> collateral;
  if (const auto stop = open_collateral(options.judging, *policy, collateral)) {
    return report_stop(*stop, options.json);
  }
  const Verifier verifier(*policy, clock, std::move(collateral));
  return conclude(verifier.verify_report(task.file()).verdict, options.json);
}

Exit verify_report(const Options& options) {
  Task task;
  if (const auto stop = read_task(options, task)) return report_stop(*stop, options.json);
  if (task.at) return judge(options, task, FixedClock(task.at));
  return judge(options, task, SystemClock());
}

void describe(CLI::App& report, Options& options) {
  report
      .add_option("FILE", options.report,
                  "1184 bytes as the firmware made them, or an Azure HCL report; - for stdin")
      ->required();
  report.add_option("--endorsement", options.endorsement, "VCEK or VLEK certificate, DER or PEM");
  report.add_option("--crl", options.crl, "AMD's revocation list, DER");
  report.add_option("--policy", options.judging.policy, "Policy file (docs/policy.md)");
  add_judging_options(report, options.judging);
  report.add_flag("--authenticity-only", options.authenticity_only,
                  "Stop after signature, chain, bindings and dates; no policy is applied");
  report.add_option("--report-data", options.report_data,
                    "128 hex digits that REPORT_DATA must equal");
  report.add_option("--at", options.at, "Judge dates as of this RFC 3339 time, not now");
  report.add_flag("--json", options.json, "One JSON object, schema ratls.verdict/1");
  report.footer(exit_code_help() + kExamples);
}

}  // namespace

void add_verify(CLI::App& tool, Exit& exit) {
  auto* verify = tool.add_subcommand("verify", "Judge evidence");
  verify->require_subcommand(1);
  auto* report = verify->add_subcommand("report", "Judge an attestation report in a file");
  const auto options = std::make_shared<Options>();
  describe(*report, *options);
  report->callback([options, &exit] { exit = verify_report(*options); });
  add_verify_cert(*verify, exit);
  add_verify_tls(*verify, exit);
}

}  // namespace ratls::cli
