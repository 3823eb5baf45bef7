#include <ratls/services/broker/ledger.h>

#include <utility>

namespace ratls::broker {

namespace {

std::string guest_key(const std::string& uri, const std::string& report_id) {
  return uri + " of " + report_id;
}
std::string version_key(const std::string& uri, std::uint64_t version) {
  return uri + " version " + std::to_string(version);
}

Error no_release(const Error& why) {
  return Error(Reason::cannot_release_now, why.message());
}

json::Object event_of(const Release& release) {
  json::Object out;
  out.text("event", release.refusal ? "secret.refused" : "secret.released");
  if (release.refusal) out.text("reason", code(release.refusal->reason()));
  out.text_or_null("resource", release.resource ? release.resource->uri() : "");
  if (!release.refusal) out.number("version", release.version);
  out.text("from", release.from).text("guest", release.guest.name);
  out.text("report_id", release.guest.report_id).text("measurement", release.guest.measurement);
  out.text("evidence", release.guest.evidence).text("policy_sha256", release.guest.policy);
  return out.boolean("simulated", release.guest.simulated);
}

/// What a line of the log says about a release.
struct Line {
  std::string event;
  std::string resource;
  std::string report_id;
  std::uint64_t version = 0;

  explicit Line(const strict_json::JsonValue& line) {
    for (const auto& member : line.members) {
      if (member.key == "event") event = member.value.text;
      if (member.key == "resource") resource = member.value.text;
      if (member.key == "report_id") report_id = member.value.text;
      if (member.key == "version") version = member.value.integer;
    }
  }
};

AuditVisitor counter(const ReleaseRules& rules,
                     std::unordered_map<std::string, std::uint64_t>& out) {
  return [&rules, &out](const strict_json::JsonValue& json) {
    const Line line(json);
    const auto rule = rules.find(line.resource);
    if (line.event != "secret.released" || rule == rules.end()) return;
    if (rule->second.per_guest) ++out[guest_key(line.resource, line.report_id)];
    if (rule->second.one_shot) ++out[version_key(line.resource, line.version)];
  };
}

}  // namespace

Guest guest_of(const VerifiedPeer& peer, const Verdict* verdict) {
  Guest out{peer.guest_name(),
            peer.covers(),
            peer.simulated(),
            peer.report_id().hex(),
            peer.measurement().hex(),
            peer.evidence_digest().hex(),
            {}};
  if (verdict != nullptr && verdict->policy) out.policy = verdict->policy->sha256.hex();
  return out;
}

Reason told(Reason reason) {
  const bool of_others =
      reason == Reason::release_guest_not_accepted || reason == Reason::release_firmware_only;
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

Result<const ReleaseRule*> find_rule(const Release& release, std::optional<Timestamp> now) {
  if (!release.resource) return Error(Reason::unknown_resource);
  const auto found = release.rules->find(release.resource->uri());
  if (found == release.rules->end()) return Error(Reason::unknown_resource);
  const ReleaseRule& rule = found->second;
  if (!rule.accept.contains(release.guest.name)) return Error(Reason::release_guest_not_accepted);
  if (release.guest.covers == Covers::firmware && !rule.firmware_only_accepted) {
    return Error(Reason::release_firmware_only);
  }
  if (rule.not_after && !now) return no_release(Error(Reason::no_time));
  if (rule.not_after && *now >= *rule.not_after) return Error(Reason::release_expired);
  return &rule;
}

Ledger::Ledger(SecretStore store, AuditLog log, std::string path, const Clock& clock)
    : store_(std::move(store)), log_(std::move(log)), path_(std::move(path)), clock_(&clock) {}

Result<Ledger> Ledger::open(SecretStore store, const std::string& audit, const Clock& clock,
                            const ReleaseRules& rules) {
  std::unordered_map<std::string, std::uint64_t> counts;
  RATLS_TRY(auto log, AuditLog::open(audit, clock, counter(rules, counts)));
  Ledger out(std::move(store), std::move(log), audit, clock);
  out.counts_ = std::move(counts);
  return out;
}

Result<void> Ledger::count_for(const ReleaseRules& rules) {
  std::unordered_map<std::string, std::uint64_t> counts;
  RATLS_TRY(const auto summary, check_audit(path_, counter(rules, counts), log_.head()));
  static_cast<void>(summary);
  counts_ = std::move(counts);
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
  const auto heads = log_.append(events);
  for (std::size_t i = 0; i < releases.size(); ++i) {
    Release& release = *releases[i];
    if (heads) {
      release.seq = (*heads)[i].seq;
      continue;
    }
    if (!release.refusal) take_back(release);
    release.value = SecretBytes();
    release.refusal = no_release(heads.error());
  }
}

// The store is asked in every case, so that a name that does not exist takes as long as one that
// is not for this guest.
void Ledger::decide(Release& release) {
  const auto rule = find_rule(release, clock_->now());
  static const ReleaseRule kNone;
  auto taken = take_value(release, rule ? **rule : kNone);
  if (rule && taken) taken = count(release, **rule);
  if (rule && taken) return;
  release.value = SecretBytes();
  release.refusal = rule ? taken.error() : rule.error();
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

Result<void> Ledger::count(const Release& release, const ReleaseRule& rule) {
  const std::string uri = release.resource->uri();
  if (rule.per_guest && counts_[guest_key(uri, release.guest.report_id)] >= *rule.per_guest) {
    return Error(Reason::release_limit_reached);
  }
  if (rule.one_shot && counts_[version_key(uri, release.version)] > 0) {
    return Error(Reason::release_used_up);
  }
  if (rule.per_guest) ++counts_[guest_key(uri, release.guest.report_id)];
  if (rule.one_shot) ++counts_[version_key(uri, release.version)];
  return {};
}

void Ledger::take_back(const Release& release) {
  const std::string uri = release.resource->uri();
  const ReleaseRule& rule = release.rules->at(uri);
  if (rule.per_guest) --counts_[guest_key(uri, release.guest.report_id)];
  if (rule.one_shot) --counts_[version_key(uri, release.version)];
}

}  // namespace ratls::broker
