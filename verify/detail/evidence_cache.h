/// What public-key arithmetic has already said about evidence.
///
/// Only facts that no policy, session or clock can change are kept: "this key signed these bytes".
/// Dates, revocation, policy and the binding are judged every time. Only what verified is kept, so
/// nobody without genuine evidence can push an entry out.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include <ratls/core/crl.h>
#include <ratls/verify/detail/bounded_cache.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/snp/detail/endorsement.h>
#include <ratls/verify/snp/detail/report.h>

namespace ratls::detail {

/// A certificate and the root key that was found to have signed it.
struct Endorsed {
  snp::detail::Endorsement endorsement;
  TrustedIssuer issuer;
};

/// "This key signed this report": the key of the entry says all.
struct SignatureHolds {};

/// A whole evidence that verified: report, certificate as received, and the roots.
struct Shown {
  Bytes report;
  Bytes endorsement_file;
  Sha256Digest roots;
  snp::detail::Report fields;
  Sha256Digest endorsement_key;
  std::shared_ptr<const Endorsed> endorsed;
};

/// What verified lately, found again by comparing all of its bytes: that costs a tenth of hashing
/// them. A report has one place, by its signature; a newer one takes it.
///
/// Threads: share freely; the lock is held for a look-up of one pointer.
class ShownEvidence {
 public:
  /// Null unless every byte of report, certificate and roots is the same.
  std::shared_ptr<const Shown> find(ByteView report, ByteView endorsement_file,
                                    const Sha256Digest& roots);
  void insert(std::shared_ptr<const Shown> shown);

 private:
  // About 3 KiB each: as many guests as talk to one broker at once.
  static constexpr std::size_t kPlaces = 64;
  static std::size_t place_of(ByteView report) noexcept;

  std::mutex mutex_;
  std::array<std::shared_ptr<const Shown>, kPlaces> places_;
};

/// Threads: share freely.
class EvidenceCache {
 public:
  // A few KiB each; as many chips as a broker of a large fleet sees in turn.
  static constexpr std::size_t kEndorsements = 1024;
  // About 150 bytes each.
  static constexpr std::size_t kReports = 8192;
  // One for each of three product lines and two kinds, with room for a change of lists.
  static constexpr std::size_t kCrls = 16;

  BoundedCache<Endorsed> endorsements{kEndorsements};  ///< key: endorsement_key()
  BoundedCache<SignatureHolds> signatures{kReports};   ///< key: signature_key()
  BoundedCache<Crl> crls{kCrls};                       ///< key: crl_key()
  ShownEvidence shown;                                 ///< in front of the first two
  std::atomic<std::uint64_t> hits = 0;                 ///< reports that `signatures` knew
  std::atomic<std::uint64_t> misses = 0;               ///< reports that it did not
};

/// Of a certificate file as received, under these roots.
Sha256Digest endorsement_key(const RootOfTrust& roots, ByteView file);
/// Of a report as received, under that certificate and those roots.
Sha256Digest signature_key(const Sha256Digest& endorsement_key, ByteView report);
/// Of a list as received, under that root key.
Sha256Digest crl_key(const TrustedIssuer& issuer, ByteView crl);

}  // namespace ratls::detail
