/// Where a key service is, and where its answers lie (AMD 57230; docs/snp.md, section 2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <ratls/core/result.h>
#include <ratls/tcp.h>
#include <ratls/verify/collateral.h>

namespace ratls::kds {

/// "https://host[:port][/path]", without query and fragment.
struct BaseUrl {
  std::string host;  ///< a name, an IPv4 address, or an IPv6 address without its brackets
  std::uint16_t port = 443;
  std::string path;  ///< empty, or "/..." without a slash at its end

  /// Errors: invalid_config.
  static Result<BaseUrl> parse(std::string_view text);
  [[nodiscard]] Address address() const { return {host, port}; }
  /// As a Host header has it: without the port where it is 443.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string text() const { return "https://" + authority() + path; }
};

/// "http://host:port". Errors: invalid_config.
Result<Address> parse_proxy(std::string_view text);

/// "/vcek/v1/Milan/<128 hex digits>?blSPL=..."; on Turin 16 hex digits, and the FMC.
/// Errors: missing_endorsement (a VLEK is not to be had there), chip_id_masked, invalid_config
/// (no product line, an FMC where there is none or none where there is one).
Result<std::string> vcek_target(const EndorsementQuery& query);

/// "/vcek/v1/Milan/crl", "/vlek/v1/Milan/crl".
std::string crl_target(const CrlQuery& query);
/// "/vcek/v1/Milan/cert_chain", "/vlek/v1/Milan/cert_chain".
std::string chain_target(snp::ProductLine line, snp::SigningKeyKind kind);

}  // namespace ratls::kds
