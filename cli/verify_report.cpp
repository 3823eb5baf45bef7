// ratls verify: judge evidence by a policy, or its authenticity alone.

#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/verify/collateral/store.h>
#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "verbs.h"

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
  std::string collateral;
  std::string policy;
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
  std::optional<Bytes> policy;
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
  if (options.authenticity_only == !options.policy.empty()) {
    return Stop{Exit::usage, "give either --policy FILE or --authenticity-only"};
  }
  if (options.authenticity_only && !options.collateral.empty()) {
    return Stop{Exit::usage, "--collateral is for --policy; give --endorsement instead"};
  }
  const int from_stdin =
      static_cast<int>(options.report == "-") + static_cast<int>(options.endorsement == "-") +
      static_cast<int>(options.crl == "-") + static_cast<int>(options.policy == "-");
  if (from_stdin > 1) return Stop{Exit::usage, "only one input can be standard input"};
  return std::nullopt;
}

std::optional<Stop> read_optional(const std::string& path, std::optional<Bytes>& out) {
  if (path.empty()) return std::nullopt;
  Input input = read_input(path);
  if (!input.stop) out = std::move(input.bytes);
  return input.stop;
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::optional<Stop> read_task(const Options& options, Task& task) {
  if (auto stop = read_values(options, task)) return stop;
  Input report = read_input(options.report);
  if (report.stop) return report.stop;
  task.report = std::move(report.bytes);
  if (!options.collateral.empty() && !is_folder(options.collateral)) {
    return Stop{Exit::no_input, options.collateral + ": there is no such folder"};
  }
  if (auto stop = read_optional(options.endorsement, task.endorsement)) return stop;
  if (auto stop = read_optional(options.crl, task.crl)) return stop;
  return read_optional(options.policy, task.policy);
}

Exit conclude(const Verdict& verdict, bool json) {
  const Exit exit = verdict.reason ? exit_of(*verdict.reason) : Exit::ok;
  return print(json ? verdict.json() + "\n" : verdict.text(), exit);
}

CollateralStoreOptions telling() {
  CollateralStoreOptions out;
  out.on_problem = [](const CollateralProblem& problem) {
    std::fprintf(stderr, "ratls: collateral passed over: %s: %s\n", problem.file.c_str(),
                 problem.what.c_str());
  };
  return out;
}

Exit judge(const Options& options, const Task& task, const Clock& clock) {
  if (!task.policy) {
    return conclude(authenticate_report(task.file(), clock).verdict, options.json);
  }
  const auto policy = parse_policy(*task.policy);
  if (!policy) return report_error(policy.error(), options.json, options.policy);
  std::shared_ptr<CollateralSource> collateral;
  if (!options.collateral.empty()) {
    collateral = std::make_shared<CollateralStore>(options.collateral, policy->roots(), telling());
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
  report.add_option("FILE", options.report, "1184 bytes as the firmware made them; - for stdin")
      ->required();
  report.add_option("--endorsement", options.endorsement, "VCEK or VLEK certificate, DER or PEM");
  report.add_option("--crl", options.crl, "AMD's revocation list, DER");
  report.add_option("--collateral", options.collateral,
                    "Store to look in for what was not given; see ratls collateral");
  report.add_option("--policy", options.policy, "Policy file (docs/policy.md)");
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
