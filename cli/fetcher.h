/// Fetches one object after the other into a store, and says so on standard error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ratls/kds/kds_client.h>
#include <ratls/verify/collateral/store.h>

namespace ratls::cli {

/// What became of one object.
struct FetchOutcome {
  enum class Status : std::uint8_t { stored, already_there, kept_newer, failed };

  std::string what;
  std::string url;  ///< empty where nothing was asked for
  Status status = Status::failed;
  std::size_t bytes = 0;
  std::uint64_t milliseconds = 0;
  std::optional<Timestamp> valid_until;
  std::optional<snp::ProductLine> line;
  std::optional<Error> error;
};

/// "stored", "already_there", "kept_newer", "failed".
std::string_view name(FetchOutcome::Status status) noexcept;

/// Everything is borrowed.
class Fetcher {
 public:
  struct World {
    KdsClient& client;
    CollateralStore& store;
    const RootOfTrust& roots;
    const Clock& clock;
    bool refresh;  ///< also what is stored and valid
  };
  explicit Fetcher(const World& world) : world_(world) {}

  /// A VCEK; one that is stored and valid is not asked for. Says for which product line it is.
  std::optional<snp::ProductLine> vcek(const EndorsementQuery& query);
  /// A list, which is always asked for: a newer one may be out.
  void list(const CrlQuery& query);

  [[nodiscard]] const std::vector<FetchOutcome>& outcomes() const noexcept { return outcomes_; }

 private:
  /// What is stored, where it is valid now.
  [[nodiscard]] std::optional<CollateralItem> current(const std::optional<Bytes>& der) const;
  FetchOutcome& finish(FetchOutcome& out, const KdsAnswer& answer, const Result<PutResult>& put);

  World world_;
  std::vector<FetchOutcome> outcomes_;
};

}  // namespace ratls::cli
