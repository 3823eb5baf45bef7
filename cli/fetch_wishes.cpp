#include "fetch_wishes.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <ratls/verify/evidence.h>
#include <ratls/verify/policy_json.h>

namespace ratls::cli {

namespace {

using snp::ProductLine;
using snp::SigningKeyKind;

Stop usage(std::string what) {
  return Stop{Exit::usage, std::move(what)};
}

// "4/0/27/222", on Turin with the FMC before it: "1/1/1/4/81".
std::optional<snp::Tcb> parse_tcb(const std::string& text, bool turin) {
  std::vector<std::uint8_t> levels;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (levels.size() < 6) {
    std::uint8_t level = 0;
    const auto parsed = std::from_chars(at, end, level);
    if (parsed.ec != std::errc{}) return std::nullopt;
    levels.push_back(level);
    at = parsed.ptr;
    if (at == end) break;
    if (*at != '/') return std::nullopt;
    at = std::next(at);
  }
  if (at != end || levels.size() != (turin ? 5U : 4U)) return std::nullopt;
  snp::Tcb out;
  if (turin) {
    out.fmc = levels.front();
    levels.erase(levels.begin());
  }
  out.bootloader = levels[0];
  out.tee = levels[1];
  out.snp = levels[2];
  out.microcode = levels[3];
  return out;
}

// 128 hex digits, on Turin also the 16 that count.
std::optional<snp::ChipId> parse_chip(std::string text, bool turin) {
  if (turin && text.size() == 16) text.append(112, '0');
  return snp::ChipId::parse_hex(text);
}

std::optional<Stop> read_products(const WishOptions& options, std::vector<ProductLine>& out) {
  for (std::string name : options.products) {
    std::replace(name.begin(), name.end(), '-', '_');
    const auto product = snp::parse_product(name);
    if (!product) return usage("--product must be milan, genoa, bergamo-siena or turin");
    const ProductLine line = snp::line_of(*product);
    if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(line);
  }
  return std::nullopt;
}

std::optional<Stop> read_chip(const WishOptions& options, const std::vector<ProductLine>& lines,
                              Wishes& out) {
  if (lines.size() != 1 || options.tcb.empty()) {
    return usage("--chip-id needs one --product, and --tcb");
  }
  const bool turin = lines.front() == ProductLine::turin;
  const auto chip = parse_chip(options.chip_id, turin);
  if (!chip) return usage("--chip-id must be 128 hex digits, on Turin 16 or 128");
  const auto tcb = parse_tcb(options.tcb, turin);
  if (!tcb) {
    return usage("--tcb must be BOOTLOADER/TEE/SNP/MICROCODE, on Turin with FMC/ before it");
  }
  out.vceks.push_back({SigningKeyKind::vcek, lines.front(), *chip, *tcb});
  return std::nullopt;
}

Result<ClaimedOrigin> origin_of(ByteView report) {
  ReportFile file;
  file.report = report;
  Trail trail(Scope::authenticity);
  RATLS_TRY(const ParsedEvidence parsed, ParsedEvidence::from_file(file, trail));
  return parsed.claimed_origin();
}

std::optional<Stop> read_report(const std::string& path, const std::vector<ProductLine>& lines,
                                Wishes& out) {
  Input input = read_input(path);
  if (input.stop) return input.stop;
  const auto origin = origin_of(input.bytes);
  if (!origin) {
    return Stop{exit_of(origin.error().reason()), path + ": " + origin.error().message()};
  }
  EndorsementQuery query{origin->signing_key, {}, origin->chip_id, origin->reported_tcb};
  if (origin->product) query.line = snp::line_of(*origin->product);
  if (!query.line && lines.size() == 1) query.line = lines.front();
  if (query.kind == SigningKeyKind::vcek) {
    out.vceks.push_back(query);
    return std::nullopt;
  }
  return Stop{Exit::rejected, path +
                                  ": signed with a VLEK, which AMD hands to the cloud provider "
                                  "alone; take it from the guest, and its list by --product P "
                                  "--vlek --crl"};
}

}  // namespace

std::optional<Stop> read_wishes(const WishOptions& options, Wishes& out) {
  std::vector<ProductLine> lines;
  if (auto stop = read_products(options, lines)) return stop;
  if (!options.tcb.empty() && options.chip_id.empty()) return usage("--tcb needs --chip-id");
  if (std::count(options.reports.begin(), options.reports.end(), "-") > 1) {
    return usage("only one report can be standard input");
  }
  if (!options.chip_id.empty()) {
    if (auto stop = read_chip(options, lines, out)) return stop;
  }
  for (const std::string& path : options.reports) {
    if (auto stop = read_report(path, lines, out)) return stop;
  }
  const auto kind = options.vlek ? SigningKeyKind::vlek : SigningKeyKind::vcek;
  if (options.crl) {
    for (const ProductLine line : lines) out.lists.push_back({line, kind, {}});
  }
  if (out.vceks.empty() && out.lists.empty()) {
    return usage(
        "nothing to fetch: give --report FILE, or --chip-id, --tcb and --product, or "
        "--crl and --product");
  }
  return std::nullopt;
}

std::string describe(const EndorsementQuery& query) {
  const std::string line = query.line ? std::string(snp::amd_name(*query.line)) + " " : "";
  return "VCEK of " + line + "chip " + query.chip_id.hex().substr(0, 16) + "..., " +
         query.reported_tcb.text();
}

std::string describe(const CrlQuery& query) {
  const bool vcek = query.kind == SigningKeyKind::vcek;
  return "CRL of " + std::string(snp::amd_name(query.line)) + (vcek ? ", for ASKs" : ", for ASVKs");
}

Result<RootOfTrust> read_roots(const std::string& policy, std::optional<Stop>& stop) {
  if (policy.empty()) return RootOfTrust::amd();
  Input input = read_input(policy);
  if ((stop = input.stop)) return RootOfTrust::amd();
  RATLS_TRY(const Policy parsed, parse_policy(input.bytes));
  return parsed.roots();
}

}  // namespace ratls::cli
