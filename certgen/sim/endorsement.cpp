#include <ratls/certgen/sim/endorsement.h>

#include <array>

#include <ratls/core/der.h>

namespace ratls::sim {
namespace {

const std::string kAmd = "1.3.6.1.4.1.3704.1.";

struct Level {
  const char* arc;
  std::uint8_t value;
};

void add_levels(std::vector<CertificateExtension>& to, std::initializer_list<Level> levels) {
  for (const Level& level : levels) {
    to.push_back({kAmd + "3." + level.arc, der::integer(std::uint64_t{level.value})});
  }
}

// In the order of genuine certificates, which is not that of the numbers.
void add_tcb(std::vector<CertificateExtension>& to, Product product, const Tcb& tcb) {
  if (product == Product::turin) {
    add_levels(to, {{"9", tcb.fmc}, {"1", tcb.bootloader}, {"2", tcb.tee}, {"3", tcb.snp}});
    add_levels(to, {{"5", 0}, {"6", 0}, {"7", 0}, {"8", tcb.microcode}});
    return;
  }
  add_levels(to, {{"1", tcb.bootloader}, {"2", tcb.tee}, {"4", 0}, {"5", 0}, {"6", 0}, {"7", 0}});
  add_levels(to, {{"3", tcb.snp}, {"8", tcb.microcode}});
}

std::vector<CertificateExtension> common_extensions(Product product, std::string_view product_name,
                                                    const Tcb& tcb) {
  const std::uint64_t struct_version = product == Product::turin ? 1 : 0;
  std::vector<CertificateExtension> extensions{
      {kAmd + "1", der::integer(struct_version)},
      {kAmd + "2", der::ia5_string(product_name)},
  };
  add_tcb(extensions, product, tcb);
  return extensions;
}

// The same date some years on; 29 February becomes the 28th.
Timestamp add_years(Timestamp from, int years) {
  std::string text = to_rfc3339(from);
  std::string year = std::to_string(std::stoi(text.substr(0, 4)) + years);
  year.insert(0, 4 - year.size(), '0');
  text.replace(0, 4, year);
  if (const auto exact = parse_rfc3339(text)) return *exact;
  text.replace(8, 2, "28");
  return parse_rfc3339(text).value_or(from);
}

// hwID is raw: no ASN.1 tag, and 8 bytes only on Turin.
Bytes hardware_id(Product product, const ChipId& chip_id) {
  const ByteView id = chip_id.view().first(product == Product::turin ? 8 : ChipId::kSize);
  return Bytes(id.begin(), id.end());
}

}  // namespace

std::string_view name(Ca ca) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"ark", "ask", "asvk"};
  return kNames[static_cast<std::size_t>(ca)];
}

std::string common_name(KeyLine line, Ca ca) {
  constexpr std::array<std::string_view, 3> kPrefixes{"ARK-", "SEV-", "SEV-VLEK-"};
  return std::string(kPrefixes[static_cast<std::size_t>(ca)]) + std::string(certificate_name(line));
}

EndorsementShape vcek_shape(const VcekOptions& options, ByteView spki) {
  const KeyLine line = key_line(options.product);
  const std::string_view product_name =
      line == KeyLine::milan ? "Milan-B0" : certificate_name(line);
  EndorsementShape shape;
  shape.issuer_cn = common_name(line, Ca::ask);
  shape.subject_cn = "SEV-VCEK";
  shape.not_before = options.not_before;
  shape.not_after = add_years(options.not_before, 7);
  shape.spki = Bytes(spki.begin(), spki.end());
  shape.extensions = common_extensions(options.product, product_name, options.tcb);
  shape.extensions.push_back({kAmd + "4", hardware_id(options.product, options.chip_id)});
  return shape;
}

EndorsementShape vlek_shape(const VlekOptions& options, ByteView spki) {
  const KeyLine line = key_line(options.product);
  EndorsementShape shape;
  shape.issuer_cn = common_name(line, Ca::asvk);
  shape.subject_cn = "SEV-VLEK";
  shape.not_before = options.not_before;
  shape.not_after = add_years(options.not_before, 1);
  shape.spki = Bytes(spki.begin(), spki.end());
  shape.extensions = common_extensions(options.product, certificate_name(line), options.tcb);
  shape.extensions.push_back({kAmd + "5", der::ia5_string(options.csp_id)});
  return shape;
}

}  // namespace ratls::sim
