// ratls cert new: a key and a certificate with evidence over it (level 0), for other servers.

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <ratls/certgen/attester.h>
#include <ratls/certgen/leaf.h>
#include <ratls/certgen/reported_tcb.h>
#include <ratls/certgen/sim/guest.h>
#include <ratls/core/base64.h>
#include <ratls/core/evidence.h>
#include <ratls/core/hcl_report.h>
#include <ratls/core/private_file.h>
#include <ratls/core/process_memory.h>

#include "hook.h"
#include "output.h"
#include "verbs.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls cert new --source sim:DIR --key-out key.pem --cert-out cert.pem\n"
    "  ratls cert new --source sim:DIR --key-out key.pem --cert-out cert.pem --replace \\\n"
    "    --renew 86400 --watch-firmware 600 -- systemctl reload nginx\n"
    "\n"
    "COMMAND is run when both files are in place. Once: its failure is exit code 69, and the\n"
    "files stay. With --renew: one that fails is run again after 1, 2, 4... up to 300 seconds,\n"
    "over the same pair, until it succeeds or the next pair is due; only a signal ends the\n"
    "process. What fails before the first pair is there ends it at once.\n"
    "\n"
    "LEVEL 0: this evidence covers the key and no session. Whoever gets hold of the key can show\n"
    "it from anywhere (CVE-2026-33697), so verifiers take it only where they say so. For a server\n"
    "of your own, ratls serve --source binds evidence to each session instead.\n";

// A report that is refused is mostly the firmware's throttle; a hook mostly waits for a service.
constexpr std::chrono::seconds kFirstReport{10};
constexpr std::chrono::seconds kFirstHook{1};
constexpr std::chrono::seconds kMostPatience{300};

struct Options {
  std::string source;
  std::string key_out;
  std::string certificate_out;
  bool client = false;
  bool replace = false;
  std::uint32_t renew = 0;  // seconds; 0: once
  std::uint32_t watch = 0;  // seconds between two looks at the firmware's level; 0: never
  Hook hook;
  std::uint32_t hook_seconds = 60;
};

struct Fresh {
  SecretBytes key;  // PEM
  Bytes certificate;
  ReportedTcb tcb;  // of the report in it
};

std::string pem_of(ByteView der) {
  const std::string body = to_base64(der);
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < body.size(); at += 64) out += body.substr(at, 64) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

// On Azure the report stands inside the paravisor's.
Result<ReportedTcb> tcb_in(ByteView evidence) {
  RATLS_TRY(EvidenceEnvelope envelope, EvidenceEnvelope::decode(evidence));
  if (envelope.azure) {
    RATLS_TRY(HclReport hcl, parse_hcl_report(envelope.azure->hcl_report));
    envelope.report = std::move(hcl.report);
  }
  const auto tcb = reported_tcb(envelope.report);
  return tcb ? Result<ReportedTcb>(*tcb) : Error(Reason::malformed_report);
}

Result<Fresh> make(Attester& attester, Role role) {
  RATLS_TRY(SecretBytes pem, SigningKey::generate_pem());
  RATLS_TRY(const SigningKey key, SigningKey::import_pem(pem));
  auto pending = attester.begin({role, Level::key, std::nullopt, hash_spki(key.spki())});
  RATLS_TRY(const Bytes evidence, pending.take());
  RATLS_TRY(Bytes certificate, make_leaf(key, ByteView(evidence)));
  RATLS_TRY(const ReportedTcb tcb, tcb_in(evidence));
  return Fresh{std::move(pem), std::move(certificate), tcb};
}

std::optional<Stop> write_key(const std::string& path, const SecretBytes& pem, bool replace) {
  const auto written = pem.expose([&](ByteView text) {
    return replace ? replace_private_file(path, text) : write_new_private_file(path, text);
  });
  if (written) return std::nullopt;
  const bool exists = written.error().reason() == Reason::invalid_config;
  return Stop{exists ? Exit::bad_config : Exit::unavailable, written.error().detail()};
}

/// The pair on disk, and whether it still fits the machine.
class Pair {
 public:
  struct Tried {
    std::optional<Stop> stop;  ///< why nothing was written where something was due
    bool is_new = false;
  };

  Pair(const Options& options, Attester& attester) : options_(options), attester_(attester) {}

  Tried renew() {
    const auto fresh = make(attester_, role());
    if (!fresh) return {Stop{exit_of(fresh.error().reason()), fresh.error().message()}};
    return put(*fresh, "");
  }

  /// Renews only where the machine's firmware has another level than the pair was made under.
  Tried renew_if_updated() {
    const auto fresh = make(attester_, role());
    if (!fresh) return {Stop{exit_of(fresh.error().reason()), fresh.error().message()}};
    if (fresh->tcb == tcb_) return {};
    return put(*fresh, "; the firmware's level (REPORTED_TCB) changed");
  }

 private:
  [[nodiscard]] Role role() const { return options_.client ? Role::client : Role::server; }

  // Two files cannot appear at once: who reads in between finds a pair that does not fit, which
  // every server notices. The command runs when both are there.
  std::optional<Stop> write(const Fresh& fresh) {
    const bool replace = options_.replace || key_is_ours_;
    if (auto stop = write_key(options_.key_out, fresh.key, replace)) return stop;
    key_is_ours_ = true;
    return write_output(options_.certificate_out, as_bytes(pem_of(fresh.certificate)));
  }

  Tried put(const Fresh& fresh, const char* why) {
    if (auto stop = write(fresh)) return {std::move(stop)};
    tcb_ = fresh.tcb;
    std::fprintf(stderr, "ratls: %s and %s are new (level 0%s)%s\n", options_.key_out.c_str(),
                 options_.certificate_out.c_str(), attester_.simulated() ? ", SIMULATED" : "", why);
    return {std::nullopt, true};
  }

  const Options& options_;
  Attester& attester_;
  ReportedTcb tcb_;  // of the pair that was written last
  bool key_is_ours_ = false;
};

std::optional<Stop> check(const Options& options) {
  if (options.key_out == options.certificate_out || options.key_out == "-") {
    return Stop{Exit::usage, "--key-out and --cert-out must be two files"};
  }
  for (const std::string& path : {options.key_out, options.certificate_out}) {
    struct stat about {};
    if (!options.replace && path != "-" && ::lstat(path.c_str(), &about) == 0) {
      return Stop{Exit::bad_config, path + " exists; say --replace if it may be overwritten"};
    }
  }
  return std::nullopt;
}

using Clock = std::chrono::steady_clock;
constexpr auto kNever = Clock::time_point::max();

Clock::time_point after(std::uint32_t seconds) {
  return seconds == 0 ? kNever : Clock::now() + std::chrono::seconds(seconds);
}

/// When the hook is to run next. The pair that is there stays as it is: only the hook is run again,
/// until it succeeds or the next pair is due.
class HookTimer {
 public:
  explicit HookTimer(const Hook& hook) : hook_(hook) {}
  [[nodiscard]] Clock::time_point due() const { return due_; }
  void pair_is_new() {
    wait_ = BackOff(kFirstHook, kMostPatience);
    due_ = Clock::now();
  }
  void run(Clock::time_point next_pair) {
    const auto stop = run_hook(hook_);
    due_ = stop ? Clock::now() + wait_.next() : kNever;
    if (!stop) return;
    const bool again = due_ < next_pair;
    std::fprintf(stderr, "ratls: the new key and certificate are in place, but %s; %s\n",
                 stop->what.c_str(),
                 again ? "it will be run again" : "it is run again after the next pair");
    if (!again) due_ = kNever;
  }

 private:
  const Hook& hook_;
  BackOff wait_{kFirstHook, kMostPatience};
  Clock::time_point due_ = Clock::now();
};

// Until a signal ends it. Where no new pair can be made the old one stays until there is one.
[[noreturn]] void renew_for_ever(const Options& options, Pair& pair) {
  HookTimer hook(options.hook);
  BackOff patience(kFirstReport, kMostPatience);
  auto renewal = after(options.renew);
  auto look = after(options.watch);
  while (true) {
    std::this_thread::sleep_until(std::min({renewal, look, hook.due()}));
    if (Clock::now() >= hook.due()) {
      hook.run(renewal);
      continue;
    }
    const bool due = Clock::now() >= renewal;
    const auto tried = due ? pair.renew() : pair.renew_if_updated();
    if (tried.stop) {
      const auto pause = patience.next();
      std::fprintf(stderr, "ratls: not renewed: %s; the old pair stays, next attempt in %lld s\n",
                   tried.stop->what.c_str(), static_cast<long long>(pause.count()));
      (due ? renewal : look) = Clock::now() + pause;
      continue;
    }
    patience = BackOff(kFirstReport, kMostPatience);
    look = after(options.watch);
    if (!tried.is_new) continue;
    renewal = after(options.renew);
    hook.pair_is_new();
  }
}

Exit run_once(const Options& options) {
  const auto stop = run_hook(options.hook);
  if (!stop) return Exit::ok;
  return report_stop({stop->exit, stop->what + "; the new key and certificate are in place"},
                     false);
}

Exit run(const Options& options) {
  guard_process_memory();
  if (const auto stop = check(options)) return report_stop(*stop, false);
  const auto firmware = sim::open_guest(options.source, {}, tell);
  if (!firmware) return report_error(firmware.error(), false, "--source " + options.source);
  Attester attester(**firmware);
  if (const auto started = attester.start(); !started) {
    return report_error(started.error(), false, "--source " + options.source);
  }
  Pair pair(options, attester);
  if (const auto tried = pair.renew(); tried.stop) return report_stop(*tried.stop, false);
  if (options.renew == 0 && options.watch == 0) return run_once(options);
  renew_for_ever(options, pair);
}

}  // namespace

void add_cert(CLI::App& tool, Exit& exit) {
  auto* group = tool.add_subcommand("cert", "Certificates with evidence, for other servers");
  group->require_subcommand(1);
  auto* verb = group->add_subcommand("new", "Make a key and evidence over it (level 0)");
  const auto options = std::make_shared<Options>();
  verb->add_option("--source", options->source,
                   "Where reports come from: auto, configfs, sev-guest, azure-vtpm, sim:DIR or "
                   "sim-azure:DIR (a simulator)")
      ->required();
  verb->add_option("--key-out", options->key_out, "The new key, PEM, mode 0600")->required();
  verb->add_option("--cert-out", options->certificate_out, "Its certificate, PEM")->required();
  verb->add_flag("--client", options->client, "For a TLS client; default: for a server");
  verb->add_flag("--replace", options->replace, "The two files may exist and are replaced");
  verb->add_option("--renew", options->renew, "Stay, and make both anew every so many seconds")
      ->check(CLI::Range(1U, 31'536'000U));
  verb->add_option("--watch-firmware", options->watch,
                   "Stay, look every so many seconds (a report each), and make both anew when the "
                   "firmware's level changed")
      ->check(CLI::Range(1U, 31'536'000U));
  verb->add_option("--hook-timeout", options->hook_seconds,
                   "Seconds after which COMMAND is killed and counts as failed")
      ->capture_default_str()
      ->check(CLI::Range(1U, 86'400U));
  verb->add_option("COMMAND", options->hook.command,
                   "Run after each new pair, without a shell; write -- before it");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] {
    options->hook.limit = std::chrono::seconds(options->hook_seconds);
    exit = run(*options);
  });
}

}  // namespace ratls::cli
