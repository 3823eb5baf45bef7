// ratls policy new: the strict policy for one report.

#include <cstdio>
#include <memory>

#include <ratls/core/clock.h>
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
  Bytes report;
  std::optional<Bytes> endorsement;
  PolicyDraft draft;
  std::optional<Timestamp> now;

  [[nodiscard]] ReportFile file() const {
    ReportFile out;
    out.report = report;
    if (endorsement) out.endorsement = ByteView(*endorsement);
    return out;
  }
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
  task.now = options.at.empty() ? SystemClock().now() : parse_rfc3339(options.at);
  if (!task.now) return Stop{Exit::usage, "--at must be a time like 2026-11-23T20:57:00Z"};
  if (options.expires == "never") return std::nullopt;
  task.draft.expires = Timestamp{task.now->unix_seconds + options.days * kSecondsADay};
  if (options.expires.empty()) return std::nullopt;
  task.draft.expires = parse_rfc3339(options.expires);
  if (task.draft.expires) return std::nullopt;
  return Stop{Exit::usage, "--expires must be never, or a time like 2027-06-30T00:00:00Z"};
}

std::optional<Stop> read_task(const Options& options, Task& task) {
  if (auto wrong = read_draft(options, task)) return wrong;
  Input report = read_input(options.report);
  if (report.stop) return report.stop;
  task.report = std::move(report.bytes);
  if (options.endorsement.empty()) return std::nullopt;
  Input endorsement = read_input(options.endorsement);
  if (endorsement.stop) return endorsement.stop;
  task.endorsement = std::move(endorsement.bytes);
  return std::nullopt;
}

void say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

// Whoever forges the report writes the policy.
Exit judge_authenticity(const Task& task) {
  if (!task.endorsement) {
    say("NOT VERIFIED: without --endorsement nothing shows that this report is genuine, and a "
        "policy made of a forged one accepts the forger.");
    return Exit::ok;
  }
  const FixedClock clock(task.now);
  const Verdict verdict = authenticate_report(task.file(), clock).verdict;
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
  const auto policy = policy_from_report(task.file(), task.draft);
  if (!policy) return report_error(policy.error(), false, options.report);
  const Exit genuine = judge_authenticity(task);
  if (genuine != Exit::ok) return genuine;
  explain(*policy);
  const auto wrong = write_output(options.out, as_bytes(policy_text(*policy)));
  return wrong ? report_stop(*wrong, false) : Exit::ok;
}

}  // namespace

void add_policy_new(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("new", "Write the strict policy that accepts one report");
  const auto options = std::make_shared<Options>();
  verb->add_option("--from-report", options->report, "1184 bytes as the firmware made them")
      ->required();
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
  verb->add_flag("--dangerously-allow-debug", options->debug, "Also where the report allows DEBUG");
  verb->add_flag("--dangerously-allow-migration", options->migration,
                 "Also where the report allows a migration agent");
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n"
               "  ratls policy new --from-report report.bin --endorsement vcek.der \\\n"
               "      --covers image --name prod --guest agent-1.4 --out prod.json\n");
  verb->callback([options, &exit] { exit = make(*options); });
}

}  // namespace ratls::cli
