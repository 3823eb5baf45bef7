/// The envelope that travels in the X.509 extension or in an EVIDENCE frame
/// (docs/protocol.md, section 3; RFC 9999 id-pe-cmw).
#pragma once

#include <optional>

#include <ratls/core/azure_evidence.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// OID of the evidence extension, id-pe-cmw.
inline constexpr std::string_view kEvidenceOid = "1.3.6.1.5.5.7.1.35";

/// Largest evidence that is read: the whole certificate stays under 8 KB.
inline constexpr std::size_t kMaxEvidenceSize = 8192;

/// Size of an SEV-SNP ATTESTATION_REPORT in bytes (AMD 56860).
inline constexpr std::size_t kSnpReportSize = 1184;

/// One collection of CMW records, taken apart and not believed. Owns its bytes.
struct EvidenceEnvelope {
  Bytes report;                      ///< exactly kSnpReportSize bytes; empty where `azure` is set
  std::optional<Bytes> endorsement;  ///< VCEK or VLEK, DER
  Bytes claims;                      ///< the claims' CBOR, as sent (they are hashed as received)
  std::optional<Bytes> crl;          ///< DER
  std::optional<Bytes> path;  ///< the Merkle path's CBOR; absent where a report serves one session
  std::optional<AzureEvidence> azure;  ///< instead of `report`: an Azure confidential VM's

  /// Deterministic CBOR. Errors: malformed_evidence where it would not be decodable.
  [[nodiscard]] Result<Bytes> encode() const;
  /// Errors: malformed_evidence.
  static Result<EvidenceEnvelope> decode(ByteView cbor);

  /// The extnValue: the CBOR inside a DER OCTET STRING.
  [[nodiscard]] Result<Bytes> encode_extension() const;
  /// Errors: malformed_evidence (also for the JSON choice, which this protocol does not use).
  static Result<EvidenceEnvelope> decode_extension(ByteView extn_value);
  /// The CBOR inside the extnValue, still pointing into it and not decoded.
  /// Errors: malformed_evidence.
  static Result<ByteView> unwrap_extension(ByteView extn_value);
};

}  // namespace ratls
