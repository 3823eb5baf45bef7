/// Receipts: what a broker released to whom, signed, for people who were not there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <ratls/core/clock.h>
#include <ratls/services/broker/audit.h>
#include <ratls/services/broker/receipt_key.h>

namespace ratls::broker {

/// One release. It says nothing of the value: a digest of a short secret would give it away.
struct Receipt {
  std::string resource;       ///< kbs:///repo/type/tag
  std::uint64_t version = 0;  ///< 0: a helper's value
  Timestamp released;
  std::optional<Timestamp> lease_until;
  std::string guest;          ///< the policy's name for it
  std::string report_id;      ///< hex
  std::string measurement;    ///< hex
  std::string chip;           ///< SHA-256 of CHIP_ID, hex
  std::string evidence;       ///< SHA-256 of the evidence as received, hex
  std::string policy;         ///< its name
  std::string policy_sha256;  ///< hex
  bool simulated = false;
  AuditHead audit;  ///< of the release's own line: all lines before it are bound too
};

/// A JWS in compact form (RFC 7515, EdDSA of RFC 8037): three parts of base64url with dots between.
std::string sign_receipt(const Receipt& receipt, const ReceiptKey& key);

/// The receipt, once its signature held. `text` may have the header's name in front and white space
/// behind. Errors: malformed_receipt, receipt_invalid.
Result<Receipt> open_receipt(std::string_view text, const ed25519::PublicKey& key);

}  // namespace ratls::broker
