/// Where endorsement certificates and revocation lists come from when the evidence carries none.
///
/// A verifier believes nothing that it gets here: every certificate and every list is judged as if
/// the peer had sent it. So a source may be a disk that somebody else can write to.
#pragma once

#include <optional>

#include <ratls/core/bytes.h>
#include <ratls/verify/snp/types.h>

namespace ratls {

/// Which endorsement certificate: what a report claims of its origin. Not believed.
struct EndorsementQuery {
  snp::SigningKeyKind kind = snp::SigningKeyKind::vcek;
  std::optional<snp::ProductLine> line;  ///< absent for reports of version 2, which name none
  snp::ChipId chip_id;                   ///< all zero: the certificate cannot be looked for
  snp::Tcb reported_tcb;
};

/// Which revocation list: there is one for each intermediate of each product line.
struct CrlQuery {
  snp::ProductLine line = snp::ProductLine::milan;
  snp::SigningKeyKind kind = snp::SigningKeyKind::vcek;  ///< vcek: names ASKs; vlek: ASVKs
  /// id_of_ark() of the root that must have signed it; absent: AMD's own, else any.
  std::optional<Sha256Digest> ark;
};

/// A place to look, asked during appraisals.
/// Threads: all functions may run at once. None of them waits for a network.
class CollateralSource {
 public:
  CollateralSource(const CollateralSource&) = delete;
  CollateralSource& operator=(const CollateralSource&) = delete;
  virtual ~CollateralSource() = default;

  /// DER of the certificate; nothing where it is not at hand.
  virtual std::optional<Bytes> endorsement(const EndorsementQuery& query) = 0;
  /// DER of the newest list; nothing where there is none.
  virtual std::optional<Bytes> crl(const CrlQuery& query) = 0;

  /// An appraisal was refused for want of it: a source that can fetch may queue that, so that the
  /// next attempt succeeds. Returns at once.
  virtual void wanted(const EndorsementQuery& query) = 0;
  virtual void wanted(const CrlQuery& query) = 0;

 protected:
  CollateralSource() = default;
};

}  // namespace ratls
