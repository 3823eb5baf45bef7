#include <ratls/services/broker/detail/tally.h>

namespace ratls::broker::detail {

namespace {

std::string guest_key(const std::string& uri, const std::string& report_id) {
  return uri + " of " + report_id;
}
std::string version_key(const std::string& uri, std::uint64_t version) {
  return uri + " version " + std::to_string(version);
}

/// What a line of the log says about a release.
struct Line {
  std::string event;
  std::string resource;
  std::string report_id;
  std::string lease_until;
  std::uint64_t version = 0;

  explicit Line(const strict_json::JsonValue& line) {
    for (const auto& member : line.members) {
      if (member.key == "event") event = member.value.text;
      if (member.key == "resource") resource = member.value.text;
      if (member.key == "report_id") report_id = member.value.text;
      if (member.key == "lease_until") lease_until = member.value.text;
      if (member.key == "version") version = member.value.integer;
    }
  }
};

}  // namespace

void Tally::note(const strict_json::JsonValue& json, const ReleaseRules& rules) {
  const Line line(json);
  const auto rule = rules.find(line.resource);
  if (line.event != "secret.released" || rule == rules.end()) return;
  if (rule->second.per_guest) ++counts_[guest_key(line.resource, line.report_id)];
  if (rule->second.one_shot) ++counts_[version_key(line.resource, line.version)];
  const auto until = parse_rfc3339(line.lease_until);
  if (rule->second.lease && until) leases_[line.resource] = {line.report_id, *until};
}

Result<std::optional<Timestamp>> Tally::take(Counted& release, const ReleaseRule& rule,
                                             std::optional<Timestamp> now) {
  const std::string guest = guest_key(release.uri, release.report_id);
  const std::string version = version_key(release.uri, release.version);
  if (rule.per_guest && counts_[guest] >= *rule.per_guest) {
    return Error(Reason::release_limit_reached);
  }
  if (rule.one_shot && counts_[version] > 0) return Error(Reason::release_used_up);
  std::optional<Timestamp> until;
  if (rule.lease) {
    if (!now) return Error(Reason::no_time);
    const auto held = leases_.find(release.uri);
    const bool there = held != leases_.end();
    if (there && held->second.until > *now && held->second.report_id != release.report_id) {
      return Error(Reason::release_leased);
    }
    until = Timestamp{now->unix_seconds + rule.lease->count()};
    if (there) release.lease_before = held->second;
    leases_[release.uri] = {release.report_id, *until};
  }
  if (rule.per_guest) ++counts_[guest];
  if (rule.one_shot) ++counts_[version];
  return until;
}

void Tally::give_back(const Counted& release, const ReleaseRule& rule) {
  if (rule.per_guest) --counts_[guest_key(release.uri, release.report_id)];
  if (rule.one_shot) --counts_[version_key(release.uri, release.version)];
  if (!rule.lease) return;
  leases_.erase(release.uri);
  if (release.lease_before) leases_.emplace(release.uri, *release.lease_before);
}

}  // namespace ratls::broker::detail
