/// The VCEK of an Azure machine, for stapling to its evidence.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <ratls/certgen/report_source.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

/// Is this leaf, DER, of the report's chip and for its level? Errors: chip_id_mismatch,
/// tcb_mismatch.
Result<void> check_leaf_fits(ByteView leaf, ByteView report);

/// Keeps the leaf that the metadata service gave, for as long as it is of the report's chip and
/// level, and asks for another where it is not. What the service cannot do is never an error of the
/// evidence, which goes out without a leaf then. Threads: one at a time.
class AzureLeaf {
 public:
  /// An answer of the service, as ask_thim() gives it.
  using Ask = std::function<Result<Bytes>()>;
  static constexpr std::chrono::seconds kPause{60};
  static constexpr std::chrono::hours kMostPause{1};

  /// `pause`: after a failure, before the service is asked again; each further failure doubles it,
  /// up to kMostPause, since sessions wait meanwhile. `say` hears of the first failure of a kind,
  /// and of its end.
  AzureLeaf(Ask ask, Say say, std::chrono::milliseconds pause = kPause);

  /// DER. Blocks for as long as the service may take, where it has to be asked.
  std::optional<Bytes> of(ByteView report);

 private:
  Result<Bytes> fetch(ByteView report) const;
  void tell(const std::optional<Error>& failure);

  const Ask ask_;
  const Say say_;
  const std::chrono::milliseconds pause_;
  std::chrono::milliseconds next_pause_;
  std::optional<Bytes> kept_;
  std::chrono::steady_clock::time_point not_before_{};
  std::string said_;  ///< the failure that was told last; empty: none since the last success
};

}  // namespace ratls::detail
