/// How often what was released, and who holds what. Private.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include <ratls/core/clock.h>
#include <ratls/core/result.h>
#include <ratls/services/broker/config.h>
#include <ratls/verify/json_value.h>

namespace ratls::broker::detail {

/// Who holds a resource alone, and until when.
struct Lease {
  std::string report_id;
  Timestamp until;
};

/// What is counted for one release.
struct Counted {
  std::string uri;
  std::string report_id;
  std::uint64_t version = 0;
  std::optional<Lease> lease_before;  ///< what take() replaced
};

/// Threads: one at a time.
class Tally {
 public:
  /// A line of the audit log, under these rules.
  void note(const strict_json::JsonValue& line, const ReleaseRules& rules);
  /// Counts a release, where the rule allows it at `now`. Says until when it is leased. Nothing is
  /// counted where it is refused. Errors: release_limit_reached, release_used_up, release_leased,
  /// no_time (a lease without a clock).
  Result<std::optional<Timestamp>> take(Counted& release, const ReleaseRule& rule,
                                        std::optional<Timestamp> now);
  /// Undoes take(). The last one taken comes first.
  void give_back(const Counted& release, const ReleaseRule& rule);

 private:
  /// By resource and guest, and by resource and version.
  std::unordered_map<std::string, std::uint64_t> counts_;
  std::unordered_map<std::string, Lease> leases_;  ///< by resource
};

}  // namespace ratls::broker::detail
