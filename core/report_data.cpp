#include <ratls/core/report_data.h>

#include <ratls/core/crypto.h>

namespace ratls {

ReportData report_data_for(const merkle::Node& root) noexcept {
  static constexpr std::string_view kDomain = "RATLS-SNP-v1";
  const std::array<std::uint8_t, 1> separator{0x00};
  return *ReportData::from(crypto::sha512({as_bytes(kDomain), separator, root.view()}).view());
}

}  // namespace ratls
