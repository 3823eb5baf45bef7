/// Secrets at rest: one SQLite file, every value sealed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/core/result.h>
#include <ratls/core/seal.h>
#include <ratls/core/secret.h>
#include <ratls/services/kbs/resource.h>

namespace ratls::broker {

using kbs::Resource;

/// A value of at most kMaxValue bytes; it travels in one HTTP body.
inline constexpr std::size_t kMaxValue = 65536;

struct StoredSecret {
  SecretBytes value;
  std::uint64_t version = 0;
};

/// What may be shown of a stored secret.
struct StoredEntry {
  std::string resource;  ///< kbs:///repo/type/tag
  std::uint64_t version = 0;
  std::size_t size = 0;  ///< bytes of the value
  Timestamp stored;
};

/// Each value is sealed (core/seal.h) together with the store's own number, its resource and its
/// version: a row that is changed, moved to another resource, or brought from another store does
/// not open. An old copy of the whole file does: see docs/broker.md.
///
/// SQLite in WAL mode with synchronous=FULL: what put() and remove() have returned from survives a
/// loss of power. Several processes may use one file; writers wait for each other up to 5 s.
/// Threads: one at a time.
/// Errors, of all functions: store_key_mismatch, store_damaged, store_schema_unknown, store_busy,
/// io_error (disk full, file missing). Nothing is half-applied.
class SecretStore {
 public:
  /// `create`: makes the file, of mode 0600, where there is none.
  static Result<SecretStore> open(const std::string& path, seal::Key key, bool create);
  SecretStore(const SecretStore&) = delete;
  SecretStore& operator=(const SecretStore&) = delete;
  SecretStore(SecretStore&&) noexcept;
  SecretStore& operator=(SecretStore&&) noexcept;
  ~SecretStore();

  /// Stores or replaces; says the version, which is higher than any before in this store.
  /// Errors: also invalid_config (more than kMaxValue bytes, or none).
  Result<std::uint64_t> put(const Resource& resource, const SecretBytes& value, Timestamp now);
  /// Nothing where there is none.
  Result<std::optional<StoredSecret>> get(const Resource& resource);
  /// In the order of their names. Opens every value, so that what list() shows can be released.
  Result<std::vector<StoredEntry>> list();
  /// Says whether it was there.
  Result<bool> remove(const Resource& resource);

 private:
  class Impl;
  explicit SecretStore(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ratls::broker
