#include <ratls/services/broker/config.h>

#include <algorithm>
#include <utility>

#include <ratls/services/broker/detail/read_release.h>
#include <ratls/services/io/stream.h>
#include <ratls/verify/files.h>
#include <ratls/verify/policy_guests.h>

namespace ratls::broker {

namespace {

using strict_json::JsonFields;
using strict_json::JsonFile;
using strict_json::JsonValue;

/// Reads broker.json's own level.
class Reader {
 public:
  Reader(const JsonFile& file, std::string folder) : file_(file), folder_(std::move(folder)) {}

  Result<std::string> path(const JsonValue& value, std::string_view what) const {
    RATLS_TRY(const std::string text, file_.text(value, what));
    if (text.empty()) return file_.wrong(value, std::string(what) + " must not be empty");
    return text.front() == '/' ? text : folder_ + text;
  }
  Result<std::string> path_or_none(const JsonFields& fields, std::string_view key) const {
    const JsonValue* value = fields.find(key);
    if (value == nullptr) return std::string();
    return path(*value, key);
  }

  Result<std::string> tcp(const JsonValue& value, std::string_view what) const {
    RATLS_TRY(const std::string text, file_.text(value, what));
    const auto at = io::Endpoint::parse(text);
    if (at && !at->is_unix()) return text;
    return file_.wrong(value, std::string(what) + " must be HOST:PORT, [ADDRESS]:PORT or :PORT");
  }

  // Metrics and status have no access control, so they are for this machine only.
  Result<std::string> local(const JsonValue& value, std::string_view what) const {
    RATLS_TRY(const std::string text, file_.text(value, what));
    const auto at = io::Endpoint::parse(text);
    if (at && at->is_local()) return text;
    return file_.wrong(value, std::string(what) + " must be 127.0.0.1:PORT, [::1]:PORT or " +
                                  "unix:PATH, since nobody is asked who he is there");
  }

  Result<void> policies(const JsonValue& value, BrokerConfig& out) const {
    RATLS_TRY(const auto* items, file_.list(value, "policies"));
    if (items->size() > Policies::kMost) {
      return file_.wrong(value, "at most " + std::to_string(Policies::kMost) + " policies");
    }
    for (const JsonValue& item : *items) {
      RATLS_TRY(const auto fields,
                JsonFields::open(file_, item, "a policy", {"file"}, {"key", "state"}));
      PolicyPlace place;
      RATLS_TRY(place.file, path(fields.at("file"), "file"));
      RATLS_TRY(place.key, path_or_none(fields, "key"));
      RATLS_TRY(place.state, path_or_none(fields, "state"));
      out.policies.push_back(std::move(place));
    }
    return {};
  }

  Result<void> secrets(const JsonValue& value, BrokerConfig& out) const {
    RATLS_TRY(const auto fields, JsonFields::open(file_, value, "secrets", {"store", "key"}));
    RATLS_TRY(out.store, path(fields.at("store"), "store"));
    RATLS_TRY(const std::string key, file_.text(fields.at("key"), "key"));
    if (key.starts_with("systemd-credential:")) {
      out.store_key = key;
      return {};
    }
    constexpr std::string_view kTpm = "tpm:";
    if (key.starts_with(kTpm)) {
      const std::string file = key.substr(kTpm.size());
      if (file.empty()) return file_.wrong(fields.at("key"), "a sealed key is written tpm:FILE");
      out.store_key = std::string(kTpm) + (file.front() == '/' ? file : folder_ + file);
      return {};
    }
    RATLS_TRY(out.store_key, path(fields.at("key"), "key"));
    return {};
  }

  Result<void> limits(const JsonValue& value, BrokerLimits& out) const {
    RATLS_TRY(const auto fields,
              JsonFields::open(
                  file_, value, "limits", {},
                  {"connections", "connections_per_address", "handshakes", "handshakes_per_address",
                   "requests_per_minute", "idle_seconds", "drain_seconds", "audit_bytes"}));
    std::uint64_t idle = static_cast<std::uint64_t>(out.idle.count());
    std::uint64_t drain = static_cast<std::uint64_t>(out.drain.count());
    RATLS_CHECK(number(fields, "connections", 1'000'000, out.connections));
    RATLS_CHECK(number(fields, "connections_per_address", 1'000'000, out.per_address));
    RATLS_TRY(out.handshakes, number_or_none(fields, "handshakes"));
    RATLS_TRY(out.handshakes_per_address, number_or_none(fields, "handshakes_per_address"));
    RATLS_CHECK(number(fields, "requests_per_minute", 10'000'000, out.requests_per_minute));
    RATLS_CHECK(number(fields, "idle_seconds", 3600, idle));
    RATLS_CHECK(number(fields, "drain_seconds", 3600, drain));
    if (const auto* bytes = fields.find("audit_bytes")) {
      RATLS_TRY(out.audit_bytes, file_.integer(*bytes, "audit_bytes", 65536, 1ULL << 40U));
    }
    out.idle = std::chrono::seconds(idle);
    out.drain = std::chrono::seconds(drain);
    return {};
  }

 private:
  Result<void> number(const JsonFields& fields, std::string_view key, std::uint64_t most,
                      std::uint64_t& out) const {
    const JsonValue* value = fields.find(key);
    if (value == nullptr) return {};
    RATLS_TRY(out, file_.integer(*value, key, 1, most));
    return {};
  }

  Result<std::optional<std::uint64_t>> number_or_none(const JsonFields& fields,
                                                      std::string_view key) const {
    std::uint64_t out = 0;
    RATLS_CHECK(number(fields, key, 1'000'000, out));
    return out == 0 ? std::optional<std::uint64_t>() : std::optional(out);
  }

  const JsonFile& file_;
  std::string folder_;
};

Result<void> read_addresses(const JsonFields& fields, const Reader& reader, BrokerConfig& out) {
  RATLS_TRY(out.listen, reader.tcp(fields.at("listen"), "listen"));
  if (const auto* framed = fields.find("framed")) {
    RATLS_TRY(out.framed, reader.tcp(*framed, "framed"));
  }
  if (const auto* status = fields.find("status")) {
    RATLS_TRY(out.status, reader.local(*status, "status"));
  }
  return {};
}

// All guests, by the names that rules use.
Result<std::map<std::string, Covers>> named_guests(const Policies& policies) {
  std::map<std::string, Covers> out;
  for (const Policy& policy : policies.all()) {
    for (const PolicyGuest& guest : guests_of(policy)) {
      std::string name = full_name(policy.name(), guest.name);
      if (out.emplace(name, guest.covers).second) continue;
      return Error(Reason::invalid_config,
                   "two guests are called " + name + "; give their policies names without a slash");
    }
  }
  return out;
}

bool can_ever_have(const ReleaseRule& rule, const std::map<std::string, Covers>& guests) {
  return rule.firmware_only_accepted ||
         std::any_of(rule.accept.begin(), rule.accept.end(),
                     [&](const std::string& name) { return guests.at(name) == Covers::image; });
}

}  // namespace

Result<BrokerConfig> parse_broker_config(ByteView json, const std::string& folder) {
  RATLS_TRY(const JsonValue root, strict_json::parse_json(json, Reason::invalid_config));
  const JsonFile file(json, Reason::invalid_config);
  const Reader reader(file, folder);
  RATLS_TRY(const auto fields,
            JsonFields::open(file, root, "broker.json",
                             {"listen", "identity", "policies", "secrets", "audit", "release"},
                             {"$schema", "framed", "status", "collateral", "receipts", "limits"}));
  BrokerConfig out;
  RATLS_CHECK(read_addresses(fields, reader, out));
  RATLS_TRY(out.identity, reader.path(fields.at("identity"), "identity"));
  RATLS_CHECK(reader.policies(fields.at("policies"), out));
  RATLS_TRY(out.collateral, reader.path_or_none(fields, "collateral"));
  RATLS_CHECK(reader.secrets(fields.at("secrets"), out));
  RATLS_TRY(out.audit, reader.path(fields.at("audit"), "audit"));
  RATLS_TRY(out.receipts, reader.path_or_none(fields, "receipts"));
  RATLS_TRY(auto rules, detail::read_release(file, fields.at("release")));
  out.release = std::make_shared<const ReleaseRules>(std::move(rules));
  if (const auto* limits = fields.find("limits")) RATLS_CHECK(reader.limits(*limits, out.limits));
  return out;
}

Result<BrokerConfig> read_broker_config(const std::string& path) {
  RATLS_TRY(const Bytes text, read_file(path, strict_json::kMaxJsonSize, Reason::invalid_config));
  const auto slash = path.rfind('/');
  return parse_broker_config(text, slash == std::string::npos ? "" : path.substr(0, slash + 1));
}

std::string full_name(const std::string& policy, const std::string& guest) {
  return policy + "/" + guest;
}

bool any_key_bound(const ReleaseRules& rules) {
  return std::any_of(rules.begin(), rules.end(),
                     [](const auto& each) { return each.second.key_bound_accepted; });
}

std::vector<std::string> dangers_of(const ReleaseRules& rules, const Policies& policies) {
  std::vector<std::string> out;
  for (const Policy& policy : policies.all()) {
    for (const std::string& danger : policy.dangers()) out.push_back(policy.name() + ": " + danger);
  }
  for (const auto& [resource, rule] : rules) {
    if (rule.firmware_only_accepted) {
      out.push_back(resource +
                    ": released also to guests of which only the firmware is measured: nothing is "
                    "proved about their kernel or program");
    }
    if (rule.key_bound_accepted) {
      out.push_back(resource +
                    ": released also over evidence that is bound to a TLS key and to no session "
                    "(level 0): whoever gets hold of a guest's key is given it anywhere "
                    "(CVE-2026-33697)");
    }
  }
  return out;
}

Result<void> check_against(const ReleaseRules& rules, const Policies& policies) {
  RATLS_TRY(const auto guests, named_guests(policies));
  std::vector<std::string_view> names;
  for (const auto& [name, covers] : guests) names.push_back(name);
  for (const auto& [resource, rule] : rules) {
    for (const std::string& name : rule.accept) {
      if (guests.contains(name)) continue;
      const std::string close = strict_json::nearest(name, names);
      return Error(Reason::invalid_config,
                   resource + ": no policy has a guest \"" + name + "\"" +
                       (close.empty() ? "" : "; did you mean \"" + close + "\"?"));
    }
    if (can_ever_have(rule, guests)) continue;
    return Error(Reason::invalid_config,
                 resource +
                     ": all its guests have measurements that cover firmware only; nobody "
                     "would be given it without dangerously_accept_firmware_only");
  }
  return {};
}

}  // namespace ratls::broker
