/// What is random in the test vectors, drawn once and kept in recorded.json: keys and signatures.
/// Everything else in docs/vectors is computed, and is the same at every run. No private key is
/// kept; who changes what is signed draws anew (draw_vectors).
#pragma once

#include <map>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::vectors {

struct Recording {
  Bytes ark;   ///< DER SubjectPublicKeyInfo, as the two below
  Bytes ask;   ///< signs VCEKs
  Bytes asvk;  ///< signs VLEKs
  Bytes chip_id;
  Bytes client_spki;  ///< of the TLS leaf, DER
  Bytes server_spki;
  std::map<std::string, Bytes> endorsements;  ///< DER, by name
  std::map<std::string, Bytes> reports;       ///< 1184 bytes, by the case that they are for
  std::map<std::string, Bytes> leaves;        ///< certificates, DER, by the case
  Bytes crl;                                  ///< DER
  /// AzureEvidence::encode(), by the case; and bad ones that only keys can make, by their names.
  std::map<std::string, Bytes> azure;

  [[nodiscard]] std::string to_json() const;
  /// Errors: invalid_config.
  static Result<Recording> from_json(const std::string& text);
};

}  // namespace ratls::vectors
