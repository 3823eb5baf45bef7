/// Endorsements and revocation lists on disk.
///
/// Layout: objects/<SHA-256 of the contents>, which holds DER, and one small file for each name
/// under which an object is looked for, which holds that digest: vcek/<line>-<tcb>-<chip>,
/// vlek/<line>-<tcb>-<provider>, crl/<line>-<vcek|vlek>-<ark>, ca/<line>-<kind>-<ark>. Files appear
/// whole or not at all, so nothing breaks when a writer is killed or the disk is full; what is
/// damaged all the same is noticed by its digest, reported, passed over and replaced by the next
/// put. docs/collateral.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/collateral/item.h>

namespace ratls {

/// Something in the folder that is not as it should be.
struct CollateralProblem {
  std::string file;  ///< relative to the folder
  std::string what;
};

/// How a store behaves. Callbacks run in the thread that appraises, so they must be quick; they may
/// be called by several threads at once.
struct CollateralStoreOptions {
  std::size_t max_objects = 16384;
  std::uint64_t max_bytes = 256ULL * 1024 * 1024;
  /// An appraisal lacked it: a fetcher may queue that. May be empty.
  std::function<void(const EndorsementQuery&)> on_wanted_endorsement = {};
  std::function<void(const CrlQuery&)> on_wanted_crl = {};
  /// A look-up came across a damaged file. May be empty.
  std::function<void(const CollateralProblem&)> on_problem = {};
};

/// What a put did. Only `stored` changed anything.
enum class PutOutcome : std::uint8_t {
  stored,
  already_there,  ///< the same, byte for byte or in all that it says
  kept_newer,     ///< of this certificate a later issue is there, or AMD's own beside a simulator's
};

struct PutResult {
  PutOutcome outcome = PutOutcome::stored;
  CollateralItem item;
};

/// One item of the store.
struct StoredCollateral {
  CollateralItem item;
  snp::SigningKeyKind list = snp::SigningKeyKind::vcek;  ///< of a CRL: AMD's list for these
};

/// Everything in a store.
struct CollateralListing {
  std::vector<StoredCollateral> items;  ///< by kind, line and name
  std::vector<CollateralProblem> problems;
  std::size_t objects = 0;
  std::uint64_t bytes = 0;
  std::size_t unused = 0;  ///< objects that no name leads to; removed when room is needed
};

/// The store. Nothing is kept without its signature having been verified by `roots`, and nothing
/// that is read is believed: what comes out is what was asked for, byte for byte as it was put, or
/// nothing; the verifier judges it as if the peer had sent it. So whoever can write to the folder
/// can take things away, and nothing else.
///
/// Threads: all functions may run at once. Processes: any number may use one folder; writers take
/// turns, readers never wait.
class CollateralStore final : public CollateralSource {
 public:
  /// `folder` need not exist: it is made, mode 0700, by the first put.
  CollateralStore(std::string folder, RootOfTrust roots, CollateralStoreOptions options = {});
  ~CollateralStore() override;

  /// The VCEK of this chip and TCB; nothing for a chip id of zero. Of several VLEKs (a report does
  /// not say whose it is: a provider has one for each group of regions) the latest issued.
  std::optional<Bytes> endorsement(const EndorsementQuery& query) override;
  std::optional<Bytes> crl(const CrlQuery& query) override;
  void wanted(const EndorsementQuery& query) override;
  void wanted(const CrlQuery& query) override;

  /// Stores a certificate of any kind, under what it says of itself.
  /// Errors, of all puts: those of read_collateral(); collateral_full; io_error.
  Result<PutResult> put_certificate(ByteView der);
  /// Stores a VCEK or VLEK only if it is what `wanted` asks for. Errors besides:
  /// signing_key_mismatch, product_mismatch, chip_id_mismatch, tcb_mismatch.
  Result<PutResult> put_endorsement(const EndorsementQuery& wanted, ByteView der);
  /// Stores a list as AMD's list for `list`s, which the list itself does not tell.
  /// Errors besides: crl_rollback (number or date are before those of the stored one).
  Result<PutResult> put_crl(snp::SigningKeyKind list, ByteView der);
  /// The same, if it is for the product line and root of `wanted`. Errors besides: crl_invalid.
  Result<PutResult> put_crl(const CrlQuery& wanted, ByteView der);

  /// Reads and judges everything. Errors: io_error (the folder cannot be read).
  Result<CollateralListing> list() const;

  /// What a careful administrator would change about the folder, one sentence each; empty where
  /// all is well. Never a refusal: the contents authenticate themselves.
  [[nodiscard]] std::vector<std::string> warnings() const;

  [[nodiscard]] const std::string& folder() const noexcept;

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace ratls
