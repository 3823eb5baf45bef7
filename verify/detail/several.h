/// What several policies said of the same evidence, and whose verdict tells most. Private.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <ratls/verify/policy.h>
#include <ratls/verify/verdict.h>

namespace ratls::detail {

/// Threads: one.
class Several {
 public:
  /// The reason where the evidence's signatures did not hold under these roots; that is so for
  /// every policy of the same roots.
  [[nodiscard]] std::optional<Reason> not_genuine_under(const RootOfTrust& roots) const;
  /// A policy that has judged.
  void note(const Policy& policy, const Verdict& verdict);
  /// One that need not, for that reason.
  void note_same(const Policy& policy, Reason reason);

  /// Of those noted by note(), the first that accepted; else the one that came nearest: genuine
  /// evidence before other, then its measurement, then the fewest failures, then the first.
  [[nodiscard]] std::size_t chosen() const noexcept { return chosen_; }
  /// Adds to the chosen verdict what the others said and how long that took.
  void complete(Verdict& chosen);

 private:
  struct Rank {
    bool accepted = false;
    bool authentic = false;
    bool measured = false;
    std::size_t failures = 0;
    [[nodiscard]] bool before(const Rank& other) const;
  };
  static Rank rank_of(const Verdict& verdict);

  std::vector<Verdict::OtherPolicy> all_;
  std::vector<std::pair<Sha256Digest, Reason>> not_genuine_;
  std::optional<Rank> best_;
  std::size_t judged_ = 0;          ///< calls of note()
  std::size_t chosen_ = 0;          ///< counted in calls of note()
  std::size_t chosen_at_ = 0;       ///< its place in all_
  std::uint64_t microseconds_ = 0;  ///< of all, without what was done before any was asked
};

}  // namespace ratls::detail
