/// The DER of AMD's certificate chain, with names that say it is not AMD's.
#pragma once

#include <vector>

#include <ratls/certgen/sim/endorsement.h>
#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>

namespace ratls::sim::detail {

/// What stands in a CRL.
struct RevokedSerial {
  std::uint64_t serial = 0;
  Timestamp when;
};

/// AlgorithmIdentifier of RSASSA-PSS with SHA-384, MGF1-SHA-384 and a salt of 48 bytes.
Bytes pss_algorithm(bool explicit_trailer);

/// OU, C, L, ST, O, CN in AMD's order; O says that this is the simulator.
Bytes distinguished_name(std::string_view common_name);

/// The serial number of a CA certificate, as AMD numbers them: 0x10000 is ARK-Milan.
std::uint64_t ca_serial(KeyLine line, Ca ca) noexcept;

/// TBSCertificate of a CA. `issuer_spki` is its own for the ARK.
Bytes ca_tbs(KeyLine line, Ca ca, ByteView spki, ByteView issuer_spki);

/// TBSCertificate of an endorsement.
Bytes endorsement_tbs(const EndorsementShape& shape);

/// TBSCertList, version 2, issued by the ARK with key `ark_spki`.
Bytes crl_tbs(KeyLine line, ByteView ark_spki, Timestamp this_update, Timestamp next_update,
              std::uint64_t number, const std::vector<RevokedSerial>& revoked);

/// The outer SEQUENCE of certificates and CRLs.
Bytes signed_object(ByteView tbs, bool explicit_trailer, ByteView signature);

}  // namespace ratls::sim::detail
