#include <ratls/verify/collateral/detail/layout.h>

#include <ratls/core/crypto.h>

namespace ratls::detail {

namespace {

using snp::ProductLine;
using snp::SigningKeyKind;

constexpr std::size_t kTurinIdSize = 8;
constexpr std::size_t kShortId = 16;  // of a digest, in bytes: no two of them meet by accident

// "4.0.22.213", on Turin with the FMC before it.
std::string tcb_name(const snp::Tcb& tcb) {
  std::string out;
  if (tcb.fmc) out = std::to_string(*tcb.fmc) + ".";
  return out + std::to_string(tcb.bootloader) + "." + std::to_string(tcb.tee) + "." +
         std::to_string(tcb.snp) + "." + std::to_string(tcb.microcode);
}

std::string short_id(const Sha256Digest& digest) {
  return to_hex(digest.view().first(kShortId));
}

std::string vcek_name(ProductLine line, const snp::Tcb& tcb, ByteView hardware_id) {
  return line_name(line) + "-" + tcb_name(tcb) + "-" + to_hex(hardware_id);
}

std::string list_name(SigningKeyKind list) {
  return list == SigningKeyKind::vcek ? "vcek" : "vlek";
}

std::string ca_name(CollateralKind kind) {
  if (kind == CollateralKind::ark) return "ark";
  return kind == CollateralKind::ask ? "ask" : "asvk";
}

}  // namespace

std::string line_name(ProductLine line) {
  if (line == ProductLine::milan) return "milan";
  return line == ProductLine::genoa ? "genoa" : "turin";
}

std::optional<Entry> vcek_entry(ProductLine line, const snp::Tcb& tcb, const snp::ChipId& chip_id) {
  const ByteView id = chip_id.view();
  const std::size_t size = line == ProductLine::turin ? kTurinIdSize : id.size();
  if (chip_id.is_zero() || !is_zero(id.subspan(size))) return std::nullopt;
  return Entry{"vcek", vcek_name(line, tcb, id.first(size))};
}

std::string vlek_prefix(ProductLine line, const snp::Tcb& tcb) {
  return line_name(line) + "-" + tcb_name(tcb) + "-";
}

Entry crl_entry(ProductLine line, SigningKeyKind list, const Sha256Digest& ark) {
  return {"crl", line_name(line) + "-" + list_name(list) + "-" + short_id(ark)};
}

Entry entry_of(const CollateralItem& item, SigningKeyKind list) {
  switch (item.kind) {
    case CollateralKind::vcek:
      return {"vcek", vcek_name(item.line, item.tcb, item.hardware_id)};
    case CollateralKind::vlek:
      // The provider's name is free text: its digest makes a file name of it.
      return {"vlek",
              vlek_prefix(item.line, item.tcb) + short_id(crypto::sha256({as_bytes(item.csp_id)}))};
    case CollateralKind::crl:
      return crl_entry(item.line, list, item.ark);
    default:
      return {"ca", line_name(item.line) + "-" + ca_name(item.kind) + "-" + short_id(item.ark)};
  }
}

std::string entry_text(const Sha256Digest& object) {
  return object.hex() + "\n";
}

std::optional<Sha256Digest> parse_entry(ByteView text) {
  const std::string all = to_string(text);
  if (all.empty()) return std::nullopt;
  const auto digest = Sha256Digest::parse_hex(std::string_view(all).substr(0, all.size() - 1));
  if (!digest || entry_text(*digest) != all) return std::nullopt;
  return digest;
}

}  // namespace ratls::detail
