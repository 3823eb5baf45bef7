#include <ratls/config.h>
#include <ratls/core/base64.h>

namespace ratls {

Result<AcceptKey> parse_pin(std::string_view text) {
  static constexpr std::string_view kPrefix = "sha256//";
  const bool prefixed = text.starts_with(kPrefix);
  const auto bytes = prefixed ? from_base64(text.substr(kPrefix.size())) : std::nullopt;
  const auto digest = bytes ? Sha256Digest::from(*bytes) : std::nullopt;
  if (digest) return AcceptKey{*digest};
  return Error(Reason::invalid_config, "a pin is written sha256//, then 32 bytes in base64");
}

}  // namespace ratls
