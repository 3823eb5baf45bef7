/// The TLS leaf that carries evidence (docs/protocol.md, section 2), looked at by itself.
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/x509.h>

namespace ratls {

/// What counts of a self-signed leaf; nothing in it is believed. Owns its bytes.
struct EvidenceLeaf {
  Bytes spki;      ///< DER SubjectPublicKeyInfo
  Bytes evidence;  ///< CBOR, not decoded
};

/// The shape that the protocol demands: v3, at most 8 KiB, subject == issuer, no CA, P-256 or
/// P-384, exactly one evidence extension, which is not critical, and no unknown critical one.
/// The self-signature is not looked at. Errors: foreign_evidence where the certificate carries
/// another protocol's evidence and none of ours; malformed_certificate; malformed_evidence.
Result<EvidenceLeaf> read_evidence_leaf(const Certificate& leaf);

/// The same of a file, DER or PEM with exactly one certificate, whose self-signature is verified
/// too. Errors: as above.
Result<EvidenceLeaf> read_evidence_leaf_file(ByteView file);

}  // namespace ratls
