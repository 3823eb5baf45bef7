#include <ratls/verify/policy_file.h>

#include <algorithm>

#include <ratls/core/json.h>
#include <ratls/verify/detail/json_fields.h>
#include <ratls/verify/files.h>
#include <ratls/verify/policy_json.h>

namespace ratls {

namespace {

using detail::JsonFields;
using detail::JsonFile;
using detail::JsonValue;

constexpr std::size_t kMaxSignature = 4096;
constexpr std::string_view kSchema = "ratls.policy-state/1";

struct Known {
  std::string name;
  std::uint64_t version = 0;
  std::string sha256;
};

Result<Known> read_known(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "a policy", {"name", "version", "sha256"}));
  Known out;
  RATLS_TRY(out.name, file.text(fields.at("name"), "name"));
  RATLS_TRY(out.version, file.integer(fields.at("version"), "version", 1, UINT64_MAX));
  RATLS_TRY(const auto digest, file.fixed<Sha256Digest>(fields.at("sha256"), "sha256"));
  out.sha256 = digest.hex();
  return out;
}

Result<std::vector<Known>> parse_state(ByteView text) {
  const JsonFile file(text, Reason::invalid_config);
  RATLS_TRY(const JsonValue root, detail::parse_json(text, Reason::invalid_config));
  RATLS_TRY(const auto fields, JsonFields::open(file, root, "the state", {"schema", "policies"}));
  RATLS_TRY(const std::string schema, file.text(fields.at("schema"), "schema"));
  if (schema != kSchema) return file.wrong(fields.at("schema"), "an unknown schema");
  RATLS_TRY(const auto* items, file.list(fields.at("policies"), "policies", true));
  std::vector<Known> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(Known known, read_known(file, item));
    out.push_back(std::move(known));
  }
  return out;
}

Result<std::vector<Known>> read_state(const std::string& path) {
  RATLS_TRY(const auto text,
            read_file_if_there(path, detail::kMaxJsonSize, Reason::invalid_config));
  if (!text) return std::vector<Known>();
  auto known = parse_state(*text);
  if (known) return known;
  return Error(
      Reason::invalid_config,
      path + ": " + known.error().detail() +
          "; it remembers which policy versions were accepted, so restore it, or remove it "
          "where you know that no policy was replaced by an older one");
}

std::string state_text(const std::vector<Known>& known) {
  std::vector<std::string> items;
  for (const Known& each : known) {
    json::Object object;
    object.text("name", each.name).number("version", each.version).text("sha256", each.sha256);
    items.push_back(object.str());
  }
  return json::Object().text("schema", kSchema).raw("policies", json::array(items)).str() + "\n";
}

Result<void> compare(const Known& known, const Policy& policy) {
  const std::string what = policy.name() + " version " + std::to_string(policy.version());
  if (policy.version() < known.version) {
    return Error(Reason::policy_rollback,
                 what + "; version " + std::to_string(known.version) + " was accepted before");
  }
  if (policy.version() == known.version && policy.sha256().hex() != known.sha256) {
    return Error(Reason::policy_rollback, what + " was accepted before with other content");
  }
  return {};
}

Result<Policy> parse(const PolicyFile& file, ByteView text) {
  if (!file.key) return parse_policy(text);
  const std::string path = file.signature.empty() ? file.path + ".minisig" : file.signature;
  RATLS_TRY(const Bytes signature,
            read_file(path, kMaxSignature, Reason::policy_signature_invalid));
  return parse_signed_policy(text, *file.key, signature);
}

}  // namespace

Result<void> check_version(const std::string& state, const Policy& policy) {
  RATLS_TRY(const auto known, read_state(state));
  for (const Known& each : known) {
    if (each.name == policy.name()) return compare(each, policy);
  }
  return {};
}

Result<void> remember_version(const std::string& state, const Policy& policy) {
  RATLS_TRY(const auto lock, FileLock::take(state));
  RATLS_TRY(auto known, read_state(state));
  auto found = std::find_if(known.begin(), known.end(),
                            [&](const Known& each) { return each.name == policy.name(); });
  if (found == known.end()) {
    found = known.insert(known.end(), Known{policy.name(), 0, {}});
  }
  RATLS_CHECK(compare(*found, policy));
  if (found->version == policy.version()) return {};
  found->version = policy.version();
  found->sha256 = policy.sha256().hex();
  return replace_file(state, as_bytes(state_text(known)));
}

Result<Policy> parse_signed_policy(ByteView text, const MinisignPublicKey& key,
                                   ByteView signature) {
  RATLS_CHECK(minisign_verify(key, text, signature));
  return parse_policy(text);
}

Result<Policy> load_policy(const PolicyFile& file) {
  RATLS_TRY(const Bytes text, read_file(file.path, detail::kMaxJsonSize, Reason::invalid_policy));
  RATLS_TRY(Policy policy, parse(file, text));
  if (!file.state.empty()) RATLS_CHECK(remember_version(file.state, policy));
  return policy;
}

Result<PolicyReloader::Outcome> PolicyReloader::reload() {
  RATLS_TRY(Policy policy, load_policy(file_));
  if (policy.sha256() == verifier_.policy().sha256()) return Outcome::unchanged;
  verifier_.replace_policy(std::move(policy));
  return Outcome::replaced;
}

}  // namespace ratls
