#include <ratls/verify/snp/detail/amd_extensions.h>

#include <algorithm>
#include <array>

namespace ratls::snp::detail {

namespace {

constexpr std::string_view kArc = "1.3.6.1.4.1.3704.1.";
// The tails that AMD 57230 defines under its arc.
constexpr std::array<std::string_view, 13> kKnown{"1",   "2",   "3.1", "3.2", "3.3", "3.4", "3.5",
                                                  "3.6", "3.7", "3.8", "3.9", "4",   "5"};
constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kIa5String = 0x16;

Error malformed(std::string detail) {
  return Error(Reason::malformed_endorsement, std::move(detail));
}

Result<void> check_extension(const Certificate::Extension& extension) {
  // AMD marks none of its extensions critical; one that is would change what the rest means.
  if (extension.critical) return malformed("critical extension " + extension.oid);
  if (!extension.oid.starts_with(kArc)) return {};
  const std::string tail = extension.oid.substr(kArc.size());
  if (std::find(kKnown.begin(), kKnown.end(), tail) != kKnown.end()) return {};
  return malformed("unknown AMD extension " + extension.oid);
}

}  // namespace

Result<AmdExtensions> AmdExtensions::open(const Certificate& certificate) {
  const auto& all = certificate.extensions();
  for (auto at = all.begin(); at != all.end(); ++at) {
    RATLS_CHECK(check_extension(*at));
    const auto same = [&](const auto& other) { return other.oid == at->oid; };
    if (std::find_if(all.begin(), at, same) != at) {
      return malformed("extension " + at->oid + " stands there twice");
    }
  }
  return AmdExtensions(certificate);
}

const Certificate::Extension* AmdExtensions::find(std::string_view oid_tail) const {
  const std::string oid = std::string(kArc) + std::string(oid_tail);
  for (const auto& extension : certificate_->extensions()) {
    if (extension.oid == oid) return &extension;
  }
  return nullptr;
}

Result<ByteView> AmdExtensions::raw(std::string_view oid_tail, std::string_view name) const {
  const auto* extension = find(oid_tail);
  if (extension == nullptr) return malformed("extension " + std::string(name) + " is missing");
  return ByteView(extension->value);
}

// X.690, 8.3: the shortest form, so 128 and more carry a leading zero byte.
Result<std::uint8_t> AmdExtensions::svn(std::string_view oid_tail, std::string_view name) const {
  RATLS_TRY(const ByteView der, raw(oid_tail, name));
  const bool tagged = der.size() >= 3 && der[0] == kInteger && der[1] == der.size() - 2;
  if (tagged && der.size() == 3 && der[2] < 0x80) return der[2];
  if (tagged && der.size() == 4 && der[2] == 0 && der[3] >= 0x80) return der[3];
  return malformed("extension " + std::string(name) + " is not an INTEGER of 0 to 255 in DER");
}

Result<std::string> AmdExtensions::text(std::string_view oid_tail, std::string_view name) const {
  RATLS_TRY(const ByteView der, raw(oid_tail, name));
  const bool tagged =
      der.size() >= 3 && der.size() < 130 && der[0] == kIa5String && der[1] == der.size() - 2;
  const auto printable = [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; };
  if (tagged && std::all_of(der.begin() + 2, der.end(), printable)) {
    return to_string(der.subspan(2));
  }
  return malformed("extension " + std::string(name) + " is not a printable IA5String in DER");
}

Result<void> AmdExtensions::absent(std::string_view oid_tail, std::string_view name) const {
  if (find(oid_tail) == nullptr) return {};
  return malformed("extension " + std::string(name) + " does not belong into this certificate");
}

}  // namespace ratls::snp::detail
