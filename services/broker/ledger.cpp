#include <ratls/services/broker/ledger.h>

#include <utility>

#include <ratls/core/crypto.h>

namespace ratls::broker {

namespace {

Error no_release(const Error& why) {
  return Error(Reason::cannot_release_now, why.message());
}

json::Object event_of(const Release& release) {
  json::Object out;
  out.text("event", release.refusal ? "secret.refused" : "secret.released");
  if (release.refusal) out.text("reason", code(release.refusal->reason()));
  out.text_or_null("resource", release.resource ? release.resource->uri() : "");
  if (!release.refusal) out.number("version", release.version);
  const Acceptance& as = release.guest.accepted.at(release.as);
  out.text("from", release.from).text("guest", as.guest);
  out.text("report_id", release.guest.report_id).text("measurement", release.guest.measurement);
  out.text("chip_id_sha256", release.guest.chip).text("evidence", release.guest.evidence);
  out.text("policy", as.policy.name).number("policy_version", as.policy.version);
  out.text("policy_sha256", as.policy.sha256.hex());
  if (release.guest.key_bound) out.boolean("key_bound", true);
  if (release.lease_until) out.text("lease_until", to_rfc3339(*release.lease_until));
  return out.boolean("simulated", release.guest.simulated);
}

AuditVisitor counter(const ReleaseRules& rules, detail::Tally& out) {
  return [&rules, &out](const strict_json::JsonValue& line) { out.note(line, rules); };
}

}  // namespace

Guest guest_of(const VerifiedPeer& peer) {
  return {peer.acceptances(),
          peer.level() == Level::key,
          peer.simulated(),
          peer.report_id().hex(),
          peer.measurement().hex(),
          peer.evidence_digest().hex(),
          crypto::sha256({peer.chip_id().view()}).hex()};
}

Reason told(Reason reason) {
  const bool of_others = reason == Reason::release_guest_not_accepted ||
                         reason == Reason::release_firmware_only ||
                         reason == Reason::release_key_bound;
  return of_others ? Reason::unknown_resource : reason;
}

int http_status(const Release& release) {
  if (!release.refusal) return 200;
  switch (told(release.refusal->reason())) {
    case Reason::unknown_resource:
      return 404;
    case Reason::cannot_release_now:
      return 503;
    default:
      return 403;
  }
}

namespace {

// As which of its names the rule takes this guest.
Result<std::size_t> named_as(const Guest& guest, const ReleaseRule& rule) {
  Reason why = Reason::release_guest_not_accepted;
  for (std::size_t i = 0; i < guest.accepted.size(); ++i) {
    const Acceptance& each = guest.accepted[i];
    if (!rule.accept.contains(full_name(each.policy.name, each.guest))) continue;
    if (each.covers == Covers::image || rule.firmware_only_accepted) return i;
    why = Reason::release_firmware_only;
  }
  return Error(why);
}

}  // namespace

Result<MatchedRule> find_rule(const Release& release, std::optional<Timestamp> now) {
  if (!release.resource) return Error(Reason::unknown_resource);
  const auto found = release.rules->find(release.resource->uri());
  if (found == release.rules->end()) return Error(Reason::unknown_resource);
  const ReleaseRule& rule = found->second;
  RATLS_TRY(const std::size_t as, named_as(release.guest, rule));
  if (release.guest.key_bound && !rule.key_bound_accepted) {
    return Error(Reason::release_key_bound);
  }
  if (rule.not_after && !now) return no_release(Error(Reason::no_time));
  if (rule.not_after && *now >= *rule.not_after) return Error(Reason::release_expired);
  return MatchedRule{&rule, as};
}

Ledger::Ledger(SecretStore store, AuditLog log, std::string path, const Clock& clock)
    : store_(std::move(store)), log_(std::move(log)), path_(std::move(path)), clock_(&clock) {}

Result<Ledger> Ledger::open(SecretStore store, const std::string& audit, const Clock& clock,
                            const ReleaseRules& rules, std::uint64_t max_audit_file) {
  detail::Tally tally;
  RATLS_TRY(auto log, AuditLog::open(audit, clock, counter(rules, tally), max_audit_file));
  Ledger out(std::move(store), std::move(log), audit, clock);
  out.tally_ = std::move(tally);
  return out;
}

Result<void> Ledger::change_rules(const ReleaseRules& rules, const json::Object& event) {
  detail::Tally tally;
  RATLS_TRY(const auto summary, check_audit(path_, counter(rules, tally), log_.head()));
  static_cast<void>(summary);
  RATLS_CHECK(note(event));
  tally_ = std::move(tally);
  return {};
}

Result<void> Ledger::note(const json::Object& event) {
  RATLS_TRY(const auto heads, log_.append({&event, 1}));
  static_cast<void>(heads);
  return {};
}

void Ledger::settle(std::span<const std::unique_ptr<Release>> releases) {
  std::vector<json::Object> events;
  for (const auto& release : releases) {
    decide(*release);
    events.push_back(event_of(*release));
  }
  const auto places = log_.append(events);
  for (std::size_t i = 0; places && i < releases.size(); ++i) {
    put_on_record(*releases[i], (*places)[i]);
  }
  for (std::size_t i = releases.size(); !places && i > 0; --i) {  // the last taken first
    Release& release = *releases[i - 1];
    if (!release.refusal) tally_.give_back(release.counted, release.rules->at(release.counted.uri));
    release.value = SecretBytes();
    release.lease_until.reset();
    release.refusal = no_release(places.error());
  }
}

void Ledger::put_on_record(Release& release, const AuditPlace& place) const {
  release.seq = place.seq;
  if (release.refusal || !receipts_) return;
  const Guest& guest = release.guest;
  const Acceptance& as = guest.accepted.at(release.as);
  const Receipt receipt{release.counted.uri,
                        release.version,
                        place.at,
                        release.lease_until,
                        as.guest,
                        guest.report_id,
                        guest.measurement,
                        guest.chip,
                        guest.evidence,
                        as.policy.name,
                        as.policy.sha256.hex(),
                        guest.simulated,
                        {place.seq, place.hash}};
  release.receipt = sign_receipt(receipt, *receipts_);
}

// The store is asked in every case, so that a name that does not exist takes as long as one that
// is not for this guest.
void Ledger::decide(Release& release) {
  const auto now = clock_->now();
  const auto rule = find_rule(release, now);
  static const ReleaseRule kNone;
  const auto taken = take_value(release, rule ? *rule->rule : kNone);
  if (rule && taken) {
    release.counted = {release.resource->uri(), release.guest.report_id, release.version, {}};
    release.as = rule->as;
    const auto lease = tally_.take(release.counted, *rule->rule, now);
    if (lease) {
      release.lease_until = *lease;
      return;
    }
    release.refusal =
        lease.error().reason() == Reason::no_time ? no_release(lease.error()) : lease.error();
  } else {
    release.refusal = rule ? taken.error() : rule.error();
  }
  release.value = SecretBytes();
}

Result<void> Ledger::take_value(Release& release, const ReleaseRule& rule) {
  if (rule.helper) {
    if (!release.helped) return no_release(Error(Reason::secret_helper_failed, "it was not run"));
    if (!*release.helped) return no_release(release.helped->error());
    release.value = std::move(*release.helped).value();
    return {};
  }
  auto stored = store_.get(release.resource.value_or(Resource{"-", "-", "-"}));
  if (!stored) return no_release(stored.error());
  if (!*stored) return Error(Reason::unknown_resource);
  release.value = std::move((*stored)->value);
  release.version = (*stored)->version;
  return {};
}

}  // namespace ratls::broker
