// ratls verify cert: the evidence inside a certificate, without its session.

#include <memory>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/verify/verifier.h>

#include "judging.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls verify cert peer.pem --policy prod.json\n"
    "  ratls verify cert peer.pem --policy prod.json --policy-key policy.key.pub \\\n"
    "      --collateral store\n"
    "  ratls verify cert - --policy prod.json --crl milan.crl --json < peer.der | jq .accepted\n"
    "\n"
    "A certificate is public: an acceptance says what the key was made for, and not that whoever\n"
    "shows the certificate holds the key, nor that it belongs to any session.\n";

struct Options {
  std::string certificate;
  std::string crl;
  std::string endorsement;
  JudgingOptions judging;
  std::string at;
  bool json = false;
};

/// Everything read.
struct Task {
  Bytes certificate;
  std::optional<Bytes> crl;
  std::optional<Bytes> endorsement;
  std::optional<Timestamp> at;
};

std::optional<Stop> read_values(const Options& options, Task& task) {
  if (!options.at.empty()) {
    task.at = parse_rfc3339(options.at);
    if (!task.at) return Stop{Exit::usage, "--at must be a time like 2026-11-23T20:57:00Z"};
  }
  const int from_stdin = static_cast<int>(options.certificate == "-") +
                         static_cast<int>(options.crl == "-") +
                         static_cast<int>(options.endorsement == "-") +
                         static_cast<int>(options.judging.policy == "-");
  if (from_stdin > 1) return Stop{Exit::usage, "only one input can be standard input"};
  return std::nullopt;
}

std::optional<Stop> read_file(const std::string& path, Bytes& out) {
  Input input = read_input(path);
  out = std::move(input.bytes);
  return input.stop;
}

std::optional<Stop> read_task(const Options& options, Task& task) {
  if (auto stop = read_values(options, task)) return stop;
  if (auto stop = read_file(options.certificate, task.certificate)) return stop;
  if (!options.endorsement.empty()) {
    if (auto stop = read_file(options.endorsement, task.endorsement.emplace())) return stop;
  }
  return options.crl.empty() ? std::nullopt : read_file(options.crl, task.crl.emplace());
}

Exit judge(const Options& options, const Task& task, const Clock& clock) {
  std::optional<Policy> policy;
  if (const auto stop = read_policy(options.judging, policy)) {
    return report_stop(*stop, options.json);
  }
  std::shared_ptr<CollateralSource> collateral;
  if (const auto stop = open_collateral(options.judging, *policy, collateral)) {
    return report_stop(*stop, options.json);
  }
  CertificateFile file{task.certificate, std::nullopt};
  if (task.crl) file.crl = ByteView(*task.crl);
  if (task.endorsement) file.endorsement = ByteView(*task.endorsement);
  const auto outcome = Verifier(*policy, clock, std::move(collateral)).verify_certificate(file);
  const Verdict& verdict = outcome.verdict;
  const Exit exit =
      verdict.accepted ? Exit::ok : exit_of(verdict.reason.value_or(Reason::internal));
  return print(options.json ? verdict.json() + "\n" : verdict.text(), exit);
}

Exit verify_cert(const Options& options) {
  Task task;
  if (const auto stop = read_task(options, task)) return report_stop(*stop, options.json);
  if (task.at) return judge(options, task, FixedClock(task.at));
  return judge(options, task, SystemClock());
}

}  // namespace

void add_verify_cert(CLI::App& verify, Exit& exit) {
  auto* verb = verify.add_subcommand("cert", "Judge the evidence inside a TLS certificate");
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->certificate, "The leaf, DER or PEM; - for stdin")->required();
  verb->add_option("--policy", options->judging.policy, "Policy file (docs/policy.md)")->required();
  add_judging_options(*verb, options->judging);
  verb->add_option("--endorsement", options->endorsement,
                   "The VCEK or VLEK, DER or PEM; instead of a stapled one");
  verb->add_option("--crl", options->crl, "AMD's revocation list, DER; instead of a stapled one");
  verb->add_option("--at", options->at, "Judge dates as of this RFC 3339 time, not now");
  verb->add_flag("--json", options->json, "One JSON object, schema ratls.verdict/1");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = verify_cert(*options); });
}

}  // namespace ratls::cli
