// ratls collateral show and pack: what is in the store, on the screen and in one file.

#include <cstdio>
#include <memory>

#include <ratls/core/clock.h>
#include <ratls/core/json.h>
#include <ratls/verify/collateral/pack.h>

#include "collateral.h"
#include "output.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nEXAMPLES\n"
    "  ratls collateral show\n"
    "  ratls collateral show --json | jq '.items[] | select(.kind == \"CRL\")'\n"
    "  ratls collateral pack --out site.pack\n";

struct Options {
  StoreChoice store;
  std::string out;
  bool json = false;
};

std::string dates_of(const CollateralItem& item, std::optional<Timestamp> now) {
  std::string out = to_rfc3339(item.begins) + " to " + to_rfc3339(item.ends);
  if (now && *now > item.ends) out += "  OUTDATED";
  if (now && *now < item.begins) out += "  NOT YET VALID";
  return out;
}

std::string text_of(const CollateralListing& listing, const CollateralStore& store) {
  const auto now = SystemClock().now();
  std::string out;
  for (const StoredCollateral& stored : listing.items) {
    std::string kind(name(stored.item.kind));
    kind.resize(6, ' ');
    out += " " + kind + describe(stored.item, stored.list) + "\n       " +
           dates_of(stored.item, now) + "\n";
  }
  for (const CollateralProblem& problem : listing.problems) {
    out += " PROBLEM  " + problem.file + ": " + problem.what + "\n";
  }
  for (const std::string& warning : store.warnings()) out += " WARNING  " + warning + "\n";
  out += std::to_string(listing.items.size()) + " items, " +
         std::to_string(listing.problems.size()) + " problems, " + std::to_string(listing.objects) +
         " objects of " + std::to_string(listing.bytes) + " bytes, " +
         std::to_string(listing.unused) + " unused; the store is " + store.folder();
  return out + "\n";
}

std::string json_of(const CollateralListing& listing, const CollateralStore& store) {
  std::vector<std::string> items;
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  for (const StoredCollateral& stored : listing.items) {
    items.push_back(cli::json_of(stored.item, stored.list));
  }
  for (const CollateralProblem& problem : listing.problems) {
    json::Object one;
    problems.push_back(one.text("file", problem.file).text("what", problem.what).str());
  }
  for (const std::string& warning : store.warnings()) warnings.push_back(json::quoted(warning));
  json::Object out;
  out.text("schema", "ratls.collateral/1").text("store", store.folder());
  out.raw("items", json::array(items)).raw("problems", json::array(problems));
  out.raw("warnings", json::array(warnings)).number("objects", listing.objects);
  return out.number("bytes", listing.bytes).number("unused", listing.unused).str() + "\n";
}

Exit show(const Options& options) {
  const auto chosen = open_store(options.store, true);
  if (chosen.stop) return report_stop(*chosen.stop, options.json);
  const auto listing = chosen.store->list();
  if (!listing) return report_error(listing.error(), options.json, chosen.store->folder());
  return print(options.json ? json_of(*listing, *chosen.store) : text_of(*listing, *chosen.store),
               Exit::ok);
}

Exit pack(const Options& options) {
  const auto chosen = open_store(options.store, true);
  if (chosen.stop) return report_stop(*chosen.stop, false);
  const std::string& folder = chosen.store->folder();
  const auto listing = chosen.store->list();
  if (!listing) return report_error(listing.error(), false, folder);
  for (const CollateralProblem& problem : listing->problems) {
    std::fprintf(stderr, "ratls: left out: %s: %s\n", problem.file.c_str(), problem.what.c_str());
  }
  if (listing->items.empty()) {
    return report_stop({Exit::no_input, folder + ": nothing in it can be packed"}, false);
  }
  const auto file = write_pack(listing->items);
  if (!file) return report_error(file.error(), false, folder);
  if (const auto wrong = write_output(options.out, *file)) return report_stop(*wrong, false);
  std::fprintf(stderr, "packed %zu items, %zu bytes, from %s\n", listing->items.size(),
               file->size(), folder.c_str());
  return Exit::ok;
}

}  // namespace

void add_collateral_show(CLI::App& collateral, Exit& exit) {
  auto* verb = collateral.add_subcommand("show", "What is in the store, and what is wrong with it");
  const auto options = std::make_shared<Options>();
  add_store_options(*verb, options->store);
  verb->add_flag("--json", options->json, "One JSON object, schema ratls.collateral/1");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = show(*options); });
}

void add_collateral_pack(CLI::App& collateral, Exit& exit) {
  auto* verb =
      collateral.add_subcommand("pack", "All that is in the store, in one file for `import`");
  const auto options = std::make_shared<Options>();
  add_store_options(*verb, options->store);
  verb->add_option("--out", options->out, "The pack; - for stdout")->required();
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = pack(*options); });
}

}  // namespace ratls::cli
