/// A policy made from one report.
#pragma once

#include <optional>

#include <ratls/verify/evidence.h>
#include <ratls/verify/policy.h>

namespace ratls {

/// What a report does not say.
struct PolicyDraft {
  std::string name = "policy";
  std::string guest = "guest";
  Covers covers = Covers::firmware;
  std::optional<Timestamp> expires;
  /// Also where the report allows DEBUG or a migration agent: otherwise it is refused.
  bool dangerously_allow_debug = false;
  bool dangerously_allow_migration = false;
};

/// The strict policy that accepts this report, and of other reports only those of the same guest on
/// the same machine with newer firmware: its measurement, its chip, its launch choices; floors are
/// what it reports. Revocation lists are required, at most 168 hours old.
///
/// Nothing is verified here: whoever forges the report writes the policy, so judge its
/// authenticity first (authenticate_report()). The endorsement is needed for a version 2 report,
/// which names no processor, and for a VLEK report, which names no provider.
/// Errors: those of reading report and endorsement; missing_endorsement; debug_allowed;
/// migration_allowed; invalid_policy.
Result<Policy> policy_from_report(const ReportFile& file, const PolicyDraft& draft);

}  // namespace ratls
