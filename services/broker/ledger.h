/// Decides about releases and records them, before anything leaves.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/services/broker/audit.h>
#include <ratls/services/broker/config.h>
#include <ratls/services/broker/detail/tally.h>
#include <ratls/services/broker/receipt.h>
#include <ratls/services/broker/store.h>
#include <ratls/verify/evidence.h>

namespace ratls::broker {

/// Who asks, as its evidence proved. A value: the channel may be gone when it is used.
struct Guest {
  std::vector<Acceptance> accepted;  ///< every policy that accepted it, and as whom; never empty
  bool key_bound = false;            ///< by evidence of level 0
  bool simulated = false;
  std::string report_id;    ///< hex
  std::string measurement;  ///< hex
  std::string evidence;     ///< digest, hex
  std::string chip;         ///< SHA-256 of CHIP_ID, hex
};
Guest guest_of(const VerifiedPeer& peer);

/// One request, and what came of it.
struct Release {
  std::string from;  ///< the peer's address, for the log
  Guest guest;
  std::optional<Resource> resource;  ///< nothing: the target names none
  std::shared_ptr<const ReleaseRules> rules;
  std::optional<Result<SecretBytes>> helped;  ///< what the rule's helper said

  std::size_t as = 0;         ///< of guest.accepted, the one that the rule names
  SecretBytes value;          ///< where it was released
  std::uint64_t version = 0;  ///< 0: a helper's
  std::uint64_t seq = 0;      ///< of its line in the audit log
  std::optional<Timestamp> lease_until;
  std::string receipt;           ///< empty where none is signed
  std::optional<Error> refusal;  ///< why not; told() says what the peer learns of it
  detail::Counted counted;       ///< the ledger's own
};

/// What the guest is told of a refusal. A resource that is not for it looks as one that is not
/// there, so that nobody learns the names of what others are given; the log has the reason itself.
Reason told(Reason reason);

/// 200, 403, 404 or 503.
int http_status(const Release& release);

/// The rule that would release to this guest now, as far as can be said without counting, and as
/// which of guest.accepted. Errors: unknown_resource (no rule), release_guest_not_accepted,
/// release_firmware_only, release_key_bound, release_expired, no_time.
struct MatchedRule {
  const ReleaseRule* rule = nullptr;
  std::size_t as = 0;
};
Result<MatchedRule> find_rule(const Release& release, std::optional<Timestamp> now);

/// Store, audit log and counts. Blocks (disk). Threads: one at a time.
class Ledger {
 public:
  /// Errors: those of AuditLog.
  static Result<Ledger> open(SecretStore store, const std::string& audit, const Clock& clock,
                             const ReleaseRules& rules, std::uint64_t max_audit_file = 0);
  /// From now on every release has a receipt.
  void sign_receipts(ReceiptKey key) { receipts_.emplace(std::move(key)); }

  /// Was the audit log new when it was opened? Then nothing was counted before.
  [[nodiscard]] bool begun() const noexcept { return log_.begun(); }

  /// Decides about each, writes one line for each, and only then, when all are on disk, leaves the
  /// values in. Where the lines cannot be written nothing is released (cannot_release_now).
  void settle(std::span<const std::unique_ptr<Release>> releases);
  /// A line of another kind. Errors: those of AuditLog.
  Result<void> note(const json::Object& event);
  /// Counts what the log holds under other rules, and puts on record that they came. On an error
  /// the rules before are counted as before. Errors: those of check_audit() and AuditLog.
  Result<void> change_rules(const ReleaseRules& rules, const json::Object& event);

 private:
  Ledger(SecretStore store, AuditLog log, std::string path, const Clock& clock);
  void decide(Release& release);
  Result<void> take_value(Release& release, const ReleaseRule& rule);
  void put_on_record(Release& release, const AuditPlace& place) const;

  SecretStore store_;
  AuditLog log_;
  std::string path_;
  const Clock* clock_;
  detail::Tally tally_;
  std::optional<ReceiptKey> receipts_;
};

}  // namespace ratls::broker
