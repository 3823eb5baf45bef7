// ratls policy new: the strict policy for one report, or one certificate with evidence.

#include <cstdio>
#include <memory>

#include <ratls/core/clock.h>
#include <ratls/services/broker/tpm_key.h>
#include <ratls/verify/policy_from_report.h>
#include <ratls/verify/policy_json.h>
#include <ratls/verify/policy_review.h>
#include <ratls/verify/verifier.h>

#include "output.h"
#include "policy_verbs.h"

namespace ratls::cli {

namespace {

constexpr std::int64_t kSecondsADay = 86400;

struct Options {
  std::string report;
  std::string certificate;
  std::string pcrs;
  std::string simulators;
  std::string endorsement;
  std::string covers;
  std::string name = "policy";
  std::string guest = "guest";
  std::string expires;
  std::string at;
  std::string out = "-";
  int days = 180;
  bool debug = false;
  bool migration = false;
};

struct Task {
  Bytes shown;  ///< a report, or a certificate
  bool is_certificate = false;
  std::optional<Bytes> endorsement;
  PolicyDraft draft;
  std::optional<Timestamp> now;

  [[nodiscard]] std::optional<ByteView> leaf() const {
    return endorsement ? std::optional(ByteView(*endorsement)) : std::nullopt;
  }
  [[nodiscard]] ReportFile report() const { return {shown, leaf(), std::nullopt, std::nullopt}; }
  [[nodiscard]] CertificateFile certificate() const { return {shown, std::nullopt, leaf()}; }
};

std::optional<Stop> read_draft(const Options& options, Task& task) {
  task.draft.name = options.name;
  task.draft.guest = options.guest;
  if (options.covers != "image" && options.covers != "firmware") {
    return Stop{Exit::usage,
                "--covers must be image or firmware: no report says what its "
                "measurement covers (docs/policy.md)"};
  }
  task.draft.covers = options.covers == "image" ? Covers::image : Covers::firmware;
  task.draft.dangerously_allow_debug = options.debug;
  task.draft.dangerously_allow_migration = options.migration;
  const auto pcrs = broker::parse_pcrs(options.pcrs);
  if (!pcrs) return Stop{Exit::usage, "--pcrs: " + std::string(pcrs.error().detail())};
  task.draft.tpm_pcrs.assign(pcrs->begin(), pcrs->end());
  task.now = options.at.empty() ? SystemClock().now() : parse_rfc3339(options.at);
  if (!task.now) return Stop{Exit::usage, "--at must be a time like 2026-11-23T20:57:00Z"};
  if (options.expires == "never") return std::nullopt;
  task.draft.expires = Timestamp{task.now->unix_seconds + options.days * kSecondsADay};
  if (options.expires.empty()) return std::nullopt;
  task.draft.expires = parse_rfc3339(options.expires);
  if (task.draft.expires) return std::nullopt;
  return Stop{Exit::usage, "--expires must be never, or a time like 2027-06-30T00:00:00Z"};
}

std::optional<Stop> read_simulators(const Options& options, Task& task) {
  if (options.simulators.empty()) return std::nullopt;
  const Input file = read_input(options.simulators);
  if (file.stop) return file.stop;
  auto policy = parse_policy(file.bytes);
  if (!policy) return stop_of(policy.error(), options.simulators);
  task.draft.simulators_of = std::move(policy).value();
  return std::nullopt;
}

std::optional<Stop> read_task(const Options& options, Task& task) {
  if (options.report.empty() == options.certificate.empty()) {
    return Stop{Exit::usage, "give --from-report or --from-cert"};
  }
  if (auto wrong = read_draft(options, task)) return wrong;
  if (auto wrong = read_simulators(options, task)) return wrong;
  task.is_certificate = options.report.empty();
  Input shown = read_input(task.is_certificate ? options.certificate : options.report);
  if (shown.stop) return shown.stop;
  task.shown = std::move(shown.bytes);
  if (options.endorsement.empty()) return std::nullopt;
  Input endorsement = read_input(options.endorsement);
  if (endorsement.stop) return endorsement.stop;
  task.endorsement = std::move(endorsement.bytes);
  return std::nullopt;
}

void say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

Verdict authenticity_of(const Task& task) {
  const FixedClock clock(task.now);
  const auto& trusted = task.draft.simulators_of;
  const RootOfTrust roots = trusted ? trusted->roots() : RootOfTrust::amd();
  if (task.is_certificate) {
    return authenticate_certificate(task.certificate(), roots, clock).verdict;
  }
  return authenticate_report(task.report(), roots, clock).verdict;
}

// Whoever forges the report writes the policy.
Exit judge_authenticity(const Task& task) {
  if (!task.endorsement && !task.is_certificate) {
    say("NOT VERIFIED: without --endorsement nothing shows that this report is genuine, and a "
        "policy made of a forged one accepts the forger.");
    return Exit::ok;
  }
  const Verdict verdict = authenticity_of(task);
  if (verdict.authentic && verdict.simulated) {
    say("SIMULATED: signed by a simulator that --simulators-of trusts; never use this policy in "
        "production");
    return Exit::ok;
  }
  if (verdict.authentic) {
    say("genuine: signed by AMD's hardware, authenticity checked");
    return Exit::ok;
  }
  std::fputs(verdict.text().c_str(), stderr);
  return verdict.reason ? exit_of(*verdict.reason) : Exit::bug;
}

void explain(const Policy& policy) {
  for (const std::string& danger : policy.dangers()) say("DANGER " + danger);
  say("It accepts this guest on this machine, with this firmware or newer. To widen it, edit:");
  say("  chip_ids        more machines, or \"any\"");
  say("  measurements    more builds of the guest; host_data, if it differs between guests");
  say("  min_tcb         floors; ratls policy bulletins shows AMD's");
  say("  revocation      a list of at most 168 hours is required; see --crl of ratls verify");
  for (const PolicyAdvice& each : review(policy)) say("warning " + each.text);
}

Exit make(const Options& options) {
  Task task;
  if (const auto wrong = read_task(options, task)) return report_stop(*wrong, false);
  const auto policy = task.is_certificate ? policy_from_certificate(task.certificate(), task.draft)
                                          : policy_from_report(task.report(), task.draft);
  if (!policy) {
    return report_error(policy.error(), false,
                        task.is_certificate ? options.certificate : options.report);
  }
  const Exit genuine = judge_authenticity(task);
  if (genuine != Exit::ok) return genuine;
  explain(*policy);
  const auto wrong = write_output(options.out, as_bytes(policy_text(*policy)));
  return wrong ? report_stop(*wrong, false) : Exit::ok;
}

}  // namespace

void add_policy_new(CLI::App& group, Exit& exit) {
  auto* verb =
      group.add_subcommand("new", "Write the strict policy that accepts one report or certificate");
  const auto options = std::make_shared<Options>();
  verb->add_option("--from-report", options->report, "1184 bytes as the firmware made them");
  verb->add_option(
      "--from-cert", options->certificate,
      "Or a TLS leaf with evidence (ratls cert new), DER or PEM; always verified first");
  verb->add_option("--pcrs", options->pcrs,
                   "Of an Azure guest's evidence: the PCRs that must stay as they are, e.g. 4,7,11 "
                   "(docs/azure.md)");
  verb->add_option("--endorsement", options->endorsement,
                   "Its VCEK or VLEK, DER or PEM; the report is then verified first");
  verb->add_option("--covers", options->covers,
                   "What the measurement covers: image, or firmware (Google Cloud, AWS)")
      ->required();
  verb->add_option("--name", options->name, "The policy's name; default policy");
  verb->add_option("--guest", options->guest, "The guest's name in it; default guest");
  verb->add_option("--expires", options->expires, "A time, or never; default in 180 days");
  verb->add_option("--at", options->at, "Judge dates as of this RFC 3339 time, not now");
  verb->add_option("--out", options->out, "The policy, JSON; - for stdout, the default");
  verb->add_option("--simulators-of", options->simulators,
                   "Trust the simulators of this policy, and name them in the new one");
  verb->add_flag("--dangerously-allow-debug", options->debug, "Also where the report allows DEBUG");
  verb->add_flag("--dangerously-allow-migration", options->migration,
                 "Also where the report allows a migration agent");
  verb->footer(
      exit_code_help() +
      "\nEXAMPLES\n"
      "  ratls policy new --from-report report.bin --endorsement vcek.der \\\n"
      "      --covers image --name prod --guest agent-1.4 --out prod.json\n"
      "  ratls policy new --from-cert guest.pem --pcrs 4,7,11 --covers image --out azure.json\n");
  verb->callback([options, &exit] { exit = make(*options); });
}

}  // namespace ratls::cli
