/// Decides about releases and records them, before anything leaves.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

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
  std::string name;  ///< of the policy's entry
  Covers covers = Covers::image;
  bool simulated = false;
  std::string report_id;    ///< hex
  std::string measurement;  ///< hex
  std::string evidence;     ///< digest, hex
  std::string policy;       ///< SHA-256 of the policy that accepted it, hex
  std::string policy_name;
  std::string chip;  ///< SHA-256 of CHIP_ID, hex
};
Guest guest_of(const VerifiedPeer& peer, const Verdict* verdict);

/// One request, and what came of it.
struct Release {
  std::string from;  ///< the peer's address, for the log
  Guest guest;
  std::optional<Resource> resource;  ///< nothing: the target names none
  std::shared_ptr<const ReleaseRules> rules;
  std::optional<Result<SecretBytes>> helped;  ///< what the rule's helper said

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

/// Would the rule release to this guest now, as far as can be said without counting?
/// Errors: unknown_resource (no rule), release_guest_not_accepted, release_firmware_only,
/// release_expired, no_time.
Result<const ReleaseRule*> find_rule(const Release& release, std::optional<Timestamp> now);

/// Store, audit log and counts. Blocks (disk). Threads: one at a time.
class Ledger {
 public:
  /// Errors: those of AuditLog.
  static Result<Ledger> open(SecretStore store, const std::string& audit, const Clock& clock,
                             const ReleaseRules& rules, std::uint64_t max_audit_file = 0);
  /// From now on every release has a receipt.
  void sign_receipts(ReceiptKey key) { receipts_.emplace(std::move(key)); }

  /// Decides about each, writes one line for each, and only then, when all are on disk, leaves the
  /// values in. Where the lines cannot be written nothing is released (cannot_release_now).
  void settle(std::span<const std::unique_ptr<Release>> releases);
  /// A line of another kind. Errors: those of AuditLog.
  Result<void> note(const json::Object& event);
  /// Counts what the log holds under other rules. Errors: those of check_audit().
  Result<void> count_for(const ReleaseRules& rules);

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
