// ratls collateral: the certificates and revocation lists that are kept for later.

#include "collateral.h"

#include <cstdlib>
#include <memory>

#include <ratls/core/json.h>
#include "judging.h"

namespace ratls::cli {

namespace {

constexpr std::size_t kShownChip = 8;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string number_text(const std::optional<Bytes>& number) {
  if (!number) return "no number";
  return "number 0x" + (number->empty() ? "0" : to_hex(*number));
}

std::string lists_text(snp::SigningKeyKind list) {
  return list == snp::SigningKeyKind::vcek ? "for VCEKs" : "for VLEKs";
}

// Printable ASCII only: a provider's name is the provider's choice.
std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) out += (c >= ' ' && c <= '~') ? c : '?';
  return out;
}

}  // namespace

std::string default_store() {
  // XDG base directory specification: a path that is not absolute is to be ignored.
  const std::string cache = environment("XDG_CACHE_HOME");
  if (cache.starts_with('/')) return cache + "/ratls/collateral";
  const std::string home = environment("HOME");
  return home.starts_with('/') ? home + "/.cache/ratls/collateral" : std::string();
}

void add_store_options(CLI::App& verb, StoreChoice& choice) {
  verb.add_option("--store", choice.folder,
                  "Folder of the store; default $XDG_CACHE_HOME/ratls/collateral, or "
                  "~/.cache/ratls/collateral");
  verb.add_option("--policy", choice.policy, "Also believe the simulator roots of this policy");
}

ChosenStore open_store(const StoreChoice& choice, bool must_exist) {
  const std::string folder = choice.folder.empty() ? default_store() : choice.folder;
  if (folder.empty()) return {nullptr, Stop{Exit::usage, "no home folder; give --store DIR"}};
  if (must_exist && !is_folder(folder)) return {nullptr, no_store(folder)};
  RootOfTrust roots = RootOfTrust::amd();
  if (!choice.policy.empty()) {
    std::optional<Policy> policy;
    if (auto stop = read_policy({choice.policy, {}, {}}, policy)) return {nullptr, stop};
    roots = policy->roots();
  }
  return {std::make_unique<CollateralStore>(folder, std::move(roots)), std::nullopt};
}

std::string describe(const CollateralItem& item, snp::SigningKeyKind list) {
  std::string out(snp::amd_name(item.line));
  if (item.kind == CollateralKind::vcek) {
    out += "  chip " + to_hex(ByteView(item.hardware_id).first(kShownChip));
    if (item.hardware_id.size() > kShownChip) out += "...";
  }
  if (item.kind == CollateralKind::vlek) out += "  of " + printable(item.csp_id);
  if (item.kind == CollateralKind::vcek || item.kind == CollateralKind::vlek) {
    out += "  " + item.tcb.text();
  }
  if (item.kind == CollateralKind::crl) {
    out += "  " + lists_text(list) + ", " + number_text(item.crl_number);
  }
  if (item.simulated) out += "  (SIMULATED)";
  return out;
}

std::string json_of(const CollateralItem& item, snp::SigningKeyKind list) {
  json::Object out;
  out.text("kind", name(item.kind)).text("product_line", snp::amd_name(item.line));
  out.text_or_null("chip", to_hex(item.hardware_id)).text_or_null("csp_id", item.csp_id);
  const bool leaf = item.kind == CollateralKind::vcek || item.kind == CollateralKind::vlek;
  out.text_or_null("tcb", leaf ? item.tcb.text() : "");
  const bool crl = item.kind == CollateralKind::crl;
  out.text_or_null("list_for", crl ? snp::name(list) : "");
  std::string number;
  if (item.crl_number) number = item.crl_number->empty() ? "00" : to_hex(*item.crl_number);
  out.text_or_null("crl_number", number);
  out.text("begins", to_rfc3339(item.begins)).text("ends", to_rfc3339(item.ends));
  out.boolean("simulated", item.simulated).number("bytes", item.der.size());
  return out.text("sha256", item.digest.hex()).str();
}

void add_collateral(CLI::App& tool, Exit& exit) {
  auto* group =
      tool.add_subcommand("collateral", "AMD's certificates and revocation lists, kept for later");
  group->require_subcommand(1);
  add_collateral_fetch(*group, exit);
  add_collateral_import(*group, exit);
  add_collateral_pack(*group, exit);
  add_collateral_show(*group, exit);
}

}  // namespace ratls::cli
