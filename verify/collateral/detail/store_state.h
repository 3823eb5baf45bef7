/// What a CollateralStore works with.
#pragma once

#include <mutex>

#include <ratls/verify/collateral/detail/files.h>
#include <ratls/verify/collateral/detail/layout.h>
#include <ratls/verify/collateral/detail/writing.h>
#include <ratls/verify/detail/bounded_cache.h>

namespace ratls {

namespace detail {

/// What an entry led to. Nothing at all: there is no such entry.
struct Loaded {
  std::shared_ptr<const Bytes> der;
  std::optional<CollateralProblem> problem;
};

/// Follows an entry to its object, whose digest is compared. `cache` may be null.
Loaded load(const FileHandle& root, const Entry& entry, BoundedCache<Bytes>* cache);

}  // namespace detail

struct CollateralStore::State {
  State(std::string where, RootOfTrust trusted, CollateralStoreOptions wishes)
      : folder(std::move(where)), roots(std::move(trusted)), options(std::move(wishes)) {}

  static constexpr std::size_t kCached = 1024;

  const std::string folder;
  const RootOfTrust roots;
  const CollateralStoreOptions options;
  detail::BoundedCache<Bytes> cache{kCached};  ///< objects by digest, which cannot change

  std::mutex putting;  ///< one put at a time; guards `usage`
  detail::Usage usage;

  /// A stored endorsement and what it says of itself.
  struct Found {
    std::shared_ptr<const Bytes> der;
    CollateralItem item;
  };

  // Look-ups. What is damaged, or named wrongly, is reported and counts as absent.
  std::optional<detail::FileHandle> open_for_reading() const;
  std::shared_ptr<const Bytes> find(const detail::FileHandle& root, const detail::Entry& entry);
  std::optional<Found> find_endorsement(const detail::FileHandle& root, const detail::Entry& entry);
  std::optional<Bytes> find_vlek(const detail::FileHandle& root, const std::string& prefix);
  std::optional<Bytes> find_crl(const detail::FileHandle& root, const CrlQuery& query,
                                const Sha256Digest& ark);
  void report(const CollateralProblem& problem) const;

  Result<PutResult> put(CollateralItem item, snp::SigningKeyKind list);
};

}  // namespace ratls
