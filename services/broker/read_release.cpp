#include <algorithm>

#include <ratls/services/broker/detail/read_release.h>

namespace ratls::broker::detail {

namespace {

using strict_json::JsonFields;
using strict_json::JsonFile;
using strict_json::JsonValue;

constexpr std::uint64_t kMost = 1'000'000'000;
constexpr std::uint64_t kMaxBytes = 65536;  // of one HTTP body
constexpr std::uint64_t kMaxSeconds = 60;
constexpr std::uint64_t kLongestLease = 10ULL * 366 * 86400;

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

Result<std::vector<std::string>> read_command(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto* items, file.list(value, "exec"));
  std::vector<std::string> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(std::string text, file.text(item, "an argument"));
    if (has_nul(text)) return file.wrong(item, "an argument must not contain a NUL");
    out.push_back(std::move(text));
  }
  if (out.front().empty() || out.front().front() != '/') {
    return file.wrong(items->front(), "a helper is named by its absolute path");
  }
  return out;
}

bool is_variable(const std::string& name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

Result<std::map<std::string, std::string>> read_environment(const JsonFile& file,
                                                            const JsonValue& value) {
  if (value.kind != JsonValue::Kind::object) {
    return file.wrong(value, "environment must be an object of strings");
  }
  std::map<std::string, std::string> out;
  for (const auto& member : value.members) {
    if (!is_variable(member.key)) return file.wrong(member.offset, "not a variable's name");
    RATLS_TRY(std::string text, file.text(member.value, "a variable"));
    if (has_nul(text)) return file.wrong(member.value, "a variable must not contain a NUL");
    out.emplace(member.key, std::move(text));
  }
  return out;
}

Result<Helper> read_helper(const JsonFile& file, const JsonFields& fields) {
  Helper out;
  RATLS_TRY(out.command, read_command(file, fields.at("exec")));
  if (const auto* environment = fields.find("environment")) {
    RATLS_TRY(out.environment, read_environment(file, *environment));
  }
  if (const auto* timeout = fields.find("timeout_seconds")) {
    RATLS_TRY(const auto seconds, file.integer(*timeout, "timeout_seconds", 1, kMaxSeconds));
    out.timeout = std::chrono::seconds(seconds);
  }
  if (const auto* max = fields.find("max_bytes")) {
    RATLS_TRY(out.max_bytes, file.integer(*max, "max_bytes", 1, kMaxBytes));
  }
  return out;
}

// "store", or "exec" with its own fields.
Result<std::optional<Helper>> read_backend(const JsonFile& file, const JsonFields& fields) {
  const JsonValue* backend = fields.find("backend");
  const bool exec =
      backend != nullptr && backend->kind == JsonValue::Kind::text && backend->text == "exec";
  if (backend != nullptr && !exec &&
      (backend->kind != JsonValue::Kind::text || backend->text != "store")) {
    return file.wrong(*backend, "backend must be \"store\" or \"exec\"");
  }
  if (exec) {
    if (fields.find("exec") == nullptr) {
      return file.wrong(*backend, "backend \"exec\" needs \"exec\": [\"/path/to/helper\", ...]");
    }
    RATLS_TRY(Helper helper, read_helper(file, fields));
    return std::optional(std::move(helper));
  }
  for (const std::string_view key : {"exec", "environment", "timeout_seconds", "max_bytes"}) {
    if (const auto* value = fields.find(key)) {
      return file.wrong(*value, std::string(key) + " belongs to backend \"exec\"");
    }
  }
  return std::optional<Helper>();
}

Result<std::optional<Timestamp>> read_moment(const JsonFile& file, const JsonValue* value) {
  if (value == nullptr || value->kind == JsonValue::Kind::null) return std::optional<Timestamp>();
  const auto moment =
      value->kind == JsonValue::Kind::text ? parse_rfc3339(value->text) : std::nullopt;
  if (moment) return moment;
  return file.wrong(*value, "not_after must be null or a time like \"2027-01-31T00:00:00Z\"");
}

Result<std::set<std::string>> read_guests(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto* items, file.list(value, "accept"));
  std::set<std::string> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(std::string name, file.text(item, "a guest's name"));
    const auto slash = name.find('/', 1);
    if (slash == std::string::npos || slash + 1 == name.size()) {
      return file.wrong(item, "a guest is written POLICY/GUEST, by the names in the policy's file");
    }
    if (!out.insert(std::move(name)).second) return file.wrong(item, "named twice");
  }
  return out;
}

Result<bool> read_flag(const JsonFile& file, const JsonFields& fields, std::string_view key) {
  const JsonValue* value = fields.find(key);
  if (value == nullptr) return false;
  return file.boolean(*value, key);
}

Result<ReleaseRule> read_rule(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "a release rule", {"accept", "per_guest"},
                             {"not_after", "one_shot", "lease_seconds",
                              "dangerously_accept_firmware_only", "dangerously_accept_key_bound",
                              "backend", "exec", "environment", "timeout_seconds", "max_bytes"}));
  ReleaseRule out;
  RATLS_TRY(out.accept, read_guests(file, fields.at("accept")));
  const JsonValue& often = fields.at("per_guest");
  if (often.kind != JsonValue::Kind::null) {
    RATLS_TRY(out.per_guest, file.integer(often, "per_guest", 1, kMost));
  }
  RATLS_TRY(out.not_after, read_moment(file, fields.find("not_after")));
  RATLS_TRY(out.one_shot, read_flag(file, fields, "one_shot"));
  if (const auto* lease = fields.find("lease_seconds")) {
    RATLS_TRY(const auto seconds, file.integer(*lease, "lease_seconds", 1, kLongestLease));
    out.lease = std::chrono::seconds(seconds);
  }
  RATLS_TRY(out.firmware_only_accepted,
            read_flag(file, fields, "dangerously_accept_firmware_only"));
  RATLS_TRY(out.key_bound_accepted, read_flag(file, fields, "dangerously_accept_key_bound"));
  RATLS_TRY(out.helper, read_backend(file, fields));
  return out;
}

}  // namespace

Result<ReleaseRules> read_release(const JsonFile& file, const JsonValue& value) {
  if (value.kind != JsonValue::Kind::object || value.members.empty()) {
    return file.wrong(value, "release must be an object with a rule for each kbs:///repo/type/tag");
  }
  ReleaseRules out;
  for (const auto& member : value.members) {
    if (!kbs::Resource::parse_uri(member.key)) {
      return file.wrong(member.offset, "a resource is written kbs:///repo/type/tag");
    }
    RATLS_TRY(auto rule, read_rule(file, member.value));
    out.emplace(member.key, std::move(rule));
  }
  return out;
}

}  // namespace ratls::broker::detail
