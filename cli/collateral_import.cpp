// ratls collateral import: certificates, lists and packs from files into the store.

#include <algorithm>
#include <memory>

#include <ratls/core/crl.h>
#include <ratls/core/json.h>
#include <ratls/core/pem.h>
#include <ratls/verify/collateral/pack.h>

#include "collateral.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls collateral import vcek.der cert_chain.pem\n"
    "  ratls collateral import milan.crl\n"
    "  ratls collateral import milan-vlek.crl --list vlek\n"
    "  ratls collateral import site.pack --store /var/lib/ratls/collateral\n"
    "\nA revocation list does not say which of AMD's two lists of a product line it is; without\n"
    "--list it is taken for the one of VCEKs. Packs say it themselves.\n";

struct Options {
  StoreChoice store;
  std::vector<std::string> files;
  std::string list = "vcek";
  bool json = false;
};

/// What became of one item of one file.
struct Outcome {
  std::string file;
  std::string status;
  std::optional<PutResult> put;
  std::optional<Error> error;
  std::optional<Stop> stop;
  snp::SigningKeyKind list = snp::SigningKeyKind::vcek;
};

std::string_view name(PutOutcome outcome) {
  if (outcome == PutOutcome::stored) return "stored";
  return outcome == PutOutcome::already_there ? "already_there" : "kept_newer";
}

std::string words(PutOutcome outcome) {
  if (outcome == PutOutcome::stored) return "stored";
  return outcome == PutOutcome::already_there ? "there already" : "not taken, a later one is there";
}

Result<std::vector<PackItem>> read_armoured(ByteView file, snp::SigningKeyKind list) {
  std::vector<PackItem> out;
  for (const bool crl : {false, true}) {
    const std::string_view label = crl ? "X509 CRL" : "CERTIFICATE";
    if (!has_pem(file, label)) continue;
    RATLS_TRY(auto blocks, read_pem(file, label, Reason::malformed_collateral));
    for (Bytes& der : blocks) out.push_back({crl, list, std::move(der)});
  }
  return out;
}

// What a single item is, its own parser says; here only lists are told from certificates.
Result<std::vector<PackItem>> items_of(const Bytes& file, snp::SigningKeyKind list) {
  if (looks_like_pack(file)) return read_pack(file);
  RATLS_TRY(auto armoured, read_armoured(file, list));
  if (!armoured.empty()) return armoured;
  const bool crl = Crl::parse(file, Reason::malformed_collateral).has_value();
  return std::vector<PackItem>{{crl, list, file}};
}

Outcome put(CollateralStore& store, const PackItem& item, std::string file) {
  Outcome out;
  out.file = std::move(file);
  out.list = item.list;
  auto result = item.is_crl ? store.put_crl(item.list, item.der) : store.put_certificate(item.der);
  if (!result) {
    out.status = "refused";
    out.error = std::move(result).error();
    return out;
  }
  out.status = name(result->outcome);
  out.put = std::move(result).value();
  return out;
}

void import_file(CollateralStore& store, const std::string& file, snp::SigningKeyKind list,
                 std::vector<Outcome>& outcomes) {
  const Input input = read_input(file, kMaxPackSize);
  Outcome whole;
  whole.file = file;
  whole.status = "refused";
  if (input.stop) {
    whole.stop = input.stop;
    outcomes.push_back(std::move(whole));
    return;
  }
  auto items = items_of(input.bytes, list);
  if (!items) {
    whole.error = std::move(items).error();
    outcomes.push_back(std::move(whole));
    return;
  }
  std::size_t number = 0;
  for (const PackItem& item : *items) {
    const bool several = items->size() > 1;
    outcomes.push_back(
        put(store, item, several ? file + " item " + std::to_string(++number) : file));
  }
}

std::string line_of(const Outcome& outcome) {
  if (outcome.stop) return " REFUSED  " + outcome.stop->what + "\n";
  if (outcome.error) return " REFUSED  " + outcome.file + ": " + outcome.error->message() + "\n";
  const CollateralItem& item = outcome.put->item;
  std::string kind(name(item.kind));
  kind.resize(6, ' ');
  return " ok  " + kind + describe(item, outcome.list) + ": " + words(outcome.put->outcome) + "\n";
}

std::string json_of(const Outcome& outcome) {
  json::Object out;
  out.text("file", outcome.file).text("status", outcome.status);
  out.text_or_null("reason", outcome.error ? code(outcome.error->reason()) : "");
  std::string detail = outcome.error ? outcome.error->detail() : "";
  if (outcome.stop) detail = outcome.stop->what;
  out.text_or_null("detail", detail);
  out.raw("item", outcome.put ? cli::json_of(outcome.put->item, outcome.list) : "null");
  return out.str();
}

Exit exit_of(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.stop) return outcome.stop->exit;
    if (outcome.error) return cli::exit_of(outcome.error->reason());
  }
  return Exit::ok;
}

std::string text_of(const std::vector<Outcome>& outcomes, const std::string& folder) {
  std::string out;
  for (const Outcome& outcome : outcomes) out += line_of(outcome);
  const auto count = [&](std::string_view status) {
    return std::to_string(
        std::count_if(outcomes.begin(), outcomes.end(),
                      [&](const Outcome& outcome) { return outcome.status == status; }));
  };
  return out + count("stored") + " stored, " + count("already_there") + " there already, " +
         count("kept_newer") + " older than what is there, " + count("refused") +
         " refused; the store is " + folder + "\n";
}

std::string json_of(const std::vector<Outcome>& outcomes, const std::string& folder, Exit exit) {
  std::vector<std::string> items;
  for (const Outcome& outcome : outcomes) items.push_back(json_of(outcome));
  json::Object out;
  out.text("schema", "ratls.collateral_import/1").boolean("complete", exit == Exit::ok);
  out.number("exit_code", static_cast<std::uint64_t>(exit)).text("store", folder);
  return out.raw("items", json::array(items)).str() + "\n";
}

Exit import(const Options& options) {
  const auto chosen = open_store(options.store, false);
  if (chosen.stop) return report_stop(*chosen.stop, options.json);
  if (std::count(options.files.begin(), options.files.end(), "-") > 1) {
    return report_stop({Exit::usage, "only one input can be standard input"}, options.json);
  }
  const auto list = options.list == "vlek" ? snp::SigningKeyKind::vlek : snp::SigningKeyKind::vcek;
  std::vector<Outcome> outcomes;
  for (const std::string& file : options.files) {
    import_file(*chosen.store, file, list, outcomes);
  }
  const Exit exit = exit_of(outcomes);
  const std::string& folder = chosen.store->folder();
  return print(options.json ? json_of(outcomes, folder, exit) : text_of(outcomes, folder), exit);
}

}  // namespace

void add_collateral_import(CLI::App& collateral, Exit& exit) {
  auto* verb = collateral.add_subcommand(
      "import", "Certificates, revocation lists and packs from files into the store");
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->files, "Packs; certificates and lists, DER or PEM; - for stdin")
      ->required();
  verb->add_option("--list", options->list, "Which of AMD's lists an imported CRL is: vcek or vlek")
      ->check(CLI::IsMember({"vcek", "vlek"}));
  add_store_options(*verb, options->store);
  verb->add_flag("--json", options->json, "One JSON object, schema ratls.collateral_import/1");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = import(*options); });
}

}  // namespace ratls::cli
