// ratls collateral fetch: certificates and lists from AMD's key service into the store.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include <ratls/core/json.h>

#include "collateral.h"
#include "fetch_wishes.h"
#include "fetcher.h"
#include "verbs.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls collateral fetch --report report.bin --crl --store store\n"
    "  ratls collateral fetch --crl --product milan --product genoa --store store\n"
    "  ratls collateral fetch --product turin --chip-id 0011223344556677 --tcb 1/1/1/4/81 \\\n"
    "      --store store\n"
    "  ratls collateral fetch --report report.bin --store store --fetch-command 'curl -sSf'\n";

struct Options {
  WishOptions wishes;
  KdsOptions kds;
  std::string store;
  std::string policy;
  unsigned timeout = 60;
  bool refresh = false;
  bool json = false;
};

void tell_wait(std::chrono::milliseconds time, const char* why) {
  std::fprintf(stderr, "  waiting %lld s: %s\n",
               static_cast<long long>(std::chrono::ceil<std::chrono::seconds>(time).count()), why);
}

Exit exit_of(const std::vector<FetchOutcome>& outcomes) {
  for (const FetchOutcome& outcome : outcomes) {
    if (outcome.error) return cli::exit_of(outcome.error->reason());
  }
  return Exit::ok;
}

std::string json_of(const FetchOutcome& outcome) {
  json::Object out;
  out.text("what", outcome.what).text("status", name(outcome.status));
  out.text_or_null("url", outcome.url).number("bytes", outcome.bytes);
  out.number("milliseconds", outcome.milliseconds);
  out.text_or_null("valid_until", outcome.valid_until ? to_rfc3339(*outcome.valid_until) : "");
  out.text_or_null("reason", outcome.error ? code(outcome.error->reason()) : "");
  return out.text_or_null("detail", outcome.error ? outcome.error->detail() : "").str();
}

std::string json_of(const std::vector<FetchOutcome>& outcomes, const std::string& store,
                    Exit exit) {
  std::vector<std::string> objects;
  for (const FetchOutcome& outcome : outcomes) objects.push_back(json_of(outcome));
  json::Object out;
  out.text("schema", "ratls.collateral_fetch/1").boolean("complete", exit == Exit::ok);
  out.number("exit_code", static_cast<std::uint64_t>(exit)).text("store", store);
  return out.raw("objects", json::array(objects)).str() + "\n";
}

std::string text_of(const std::vector<FetchOutcome>& outcomes, const std::string& store) {
  const auto count = [&](FetchOutcome::Status status) {
    return std::to_string(
        std::count_if(outcomes.begin(), outcomes.end(),
                      [&](const FetchOutcome& outcome) { return outcome.status == status; }));
  };
  using Status = FetchOutcome::Status;
  return count(Status::stored) + " stored, " + count(Status::already_there) + " there already, " +
         count(Status::kept_newer) + " older than what is there, " + count(Status::failed) +
         " failed; the store is " + store + "\n";
}

void fetch_all(Fetcher& fetcher, const Wishes& wishes, bool lists_too) {
  std::set<snp::ProductLine> listed;
  for (const CrlQuery& list : wishes.lists) {
    fetcher.list(list);
    if (list.kind == snp::SigningKeyKind::vcek) listed.insert(list.line);
  }
  for (const EndorsementQuery& query : wishes.vceks) {
    const auto line = fetcher.vcek(query);
    if (lists_too && line && listed.insert(*line).second) {
      fetcher.list({*line, snp::SigningKeyKind::vcek, {}});
    }
  }
}

Exit fetch(Options options) {
  if (options.store.empty()) options.store = default_store();
  if (options.store.empty()) {
    return report_stop({Exit::usage, "no home folder; give --store DIR"}, options.json);
  }
  Wishes wishes;
  if (const auto stop = read_wishes(options.wishes, wishes)) {
    return report_stop(*stop, options.json);
  }
  std::optional<Stop> stop;
  const auto roots = read_roots(options.policy, stop);
  if (stop) return report_stop(*stop, options.json);
  if (!roots) return report_error(roots.error(), options.json, options.policy);
  options.kds.limit = std::chrono::seconds(options.timeout);
  options.kds.on_wait = tell_wait;
  const SystemClock clock;
  const auto client = KdsClient::create(options.kds, *roots, clock);
  if (!client) return report_error(client.error(), options.json, "collateral fetch");
  CollateralStore store(options.store, *roots);
  Fetcher fetcher({**client, store, *roots, clock, options.refresh});
  fetch_all(fetcher, wishes, options.wishes.crl);
  const Exit exit = exit_of(fetcher.outcomes());
  return print(options.json ? json_of(fetcher.outcomes(), options.store, exit)
                            : text_of(fetcher.outcomes(), options.store),
               exit);
}

void describe_wishes(CLI::App& verb, WishOptions& options) {
  verb.add_option("--report", options.reports,
                  "Report whose VCEK is wanted; - for stdin; may be repeated")
      ->allow_extra_args(false);
  verb.add_option("--chip-id", options.chip_id, "Instead: 128 hex digits, on Turin 16");
  verb.add_option("--tcb", options.tcb, "With --chip-id, e.g. 4/0/27/222, on Turin 1/1/1/4/81");
  verb.add_option("--product", options.products,
                  "milan, genoa, bergamo-siena or turin; may be repeated with --crl")
      ->allow_extra_args(false);
  verb.add_flag("--crl", options.crl, "Revocation lists too: of each --product and VCEK");
  verb.add_flag("--vlek", options.vlek, "With --crl and --product: the list for VLEKs");
}

void describe_way(CLI::App& verb, Options& options) {
  verb.add_option("--store", options.store,
                  "Folder of the store; default $XDG_CACHE_HOME/ratls/collateral, or "
                  "~/.cache/ratls/collateral");
  verb.add_option("--base-url", options.kds.base_url,
                  "The key service or a mirror; default " + options.kds.base_url);
  verb.add_option("--ca-file", options.kds.ca_file,
                  "CAs that may vouch for its server, PEM; default " + options.kds.ca_file);
  verb.add_option("--proxy", options.kds.proxy, "http://host:port; no environment is asked");
  verb.add_option("--fetch-command", options.kds.fetch_command,
                  "Run this instead, without a shell; {url} or the last argument is the URL");
  verb.add_option("--timeout", options.timeout,
                  "Seconds for one object, waits included; default 60")
      ->check(CLI::Range(1U, 86400U));
  verb.add_option("--policy", options.policy, "Also believe the simulator roots of this policy");
  verb.add_flag("--refresh", options.refresh, "Fetch what is in the store and valid, too");
  verb.add_flag("--json", options.json, "One JSON object, schema ratls.collateral_fetch/1");
}

}  // namespace

void add_collateral_fetch(CLI::App& collateral, Exit& exit) {
  auto* verb = collateral.add_subcommand(
      "fetch", "Get certificates and revocation lists from AMD's key service into the store");
  const auto options = std::make_shared<Options>();
  describe_wishes(*verb, options->wishes);
  describe_way(*verb, *options);
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = fetch(*options); });
}

}  // namespace ratls::cli
