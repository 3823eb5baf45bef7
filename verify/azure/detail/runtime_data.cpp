#include <ratls/verify/azure/detail/runtime_data.h>

#include <algorithm>

#include <ratls/core/base64.h>
#include <ratls/verify/json_fields.h>

namespace ratls::azure::detail {

namespace {

using strict_json::JsonFile;
using strict_json::JsonValue;

constexpr std::string_view kAk = "HCLAkPub";

const JsonValue* find(const JsonValue& object, std::string_view key) {
  for (const JsonValue::Member& member : object.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Result<const JsonValue*> member(const JsonFile& file, const JsonValue& object,
                                std::string_view key) {
  if (object.kind != JsonValue::Kind::object) {
    return file.wrong(object, "an object with \"" + std::string(key) + "\" belongs here");
  }
  const JsonValue* value = find(object, key);
  if (value == nullptr) return file.wrong(object, "\"" + std::string(key) + "\" is missing");
  return value;
}

Result<std::string> text(const JsonFile& file, const JsonValue& object, std::string_view key) {
  RATLS_TRY(const JsonValue* value, member(file, object, key));
  return file.text(*value, key);
}

// RFC 7518, 2: base64url without padding, of a number without leading zeros.
Result<Bytes> number(const JsonFile& file, const JsonValue& key, std::string_view name) {
  RATLS_TRY(std::string digits, text(file, key, name));
  const bool plain = std::none_of(digits.begin(), digits.end(),
                                  [](char c) { return c == '+' || c == '/' || c == '='; });
  std::replace(digits.begin(), digits.end(), '-', '+');
  std::replace(digits.begin(), digits.end(), '_', '/');
  digits.append((4 - digits.size() % 4) % 4, '=');
  const auto bytes = from_base64(digits);
  if (plain && bytes && !bytes->empty() && bytes->front() != 0) return *bytes;
  return file.wrong(key, "\"" + std::string(name) + "\" is no number in base64url");
}

Result<void> read_ak(const JsonFile& file, const JsonValue& key, RuntimeData& out) {
  if (!out.ak_modulus.empty()) return file.wrong(key, "there are two keys HCLAkPub");
  RATLS_TRY(const std::string type, text(file, key, "kty"));
  if (type != "RSA") return file.wrong(key, "HCLAkPub is no RSA key");
  RATLS_TRY(out.ak_modulus, number(file, key, "n"));
  RATLS_TRY(out.ak_exponent, number(file, key, "e"));
  return {};
}

Result<void> read_keys(const JsonFile& file, const JsonValue& root, RuntimeData& out) {
  RATLS_TRY(const JsonValue* keys, member(file, root, "keys"));
  RATLS_TRY(const auto* list, file.list(*keys, "keys"));
  for (const JsonValue& key : *list) {
    RATLS_TRY(const std::string kid, text(file, key, "kid"));
    if (kid == kAk) RATLS_CHECK(read_ak(file, key, out));
  }
  if (out.ak_modulus.empty()) return file.wrong(*keys, "there is no key HCLAkPub");
  return {};
}

}  // namespace

Result<RuntimeData> parse_runtime_data(ByteView json) {
  RATLS_TRY(const JsonValue root, strict_json::parse_json(json, Reason::malformed_runtime_data));
  const JsonFile file(json, Reason::malformed_runtime_data);
  RuntimeData out;
  RATLS_CHECK(read_keys(file, root, out));
  const JsonValue* configuration = find(root, "vm-configuration");
  if (configuration == nullptr) return out;
  if (const JsonValue* id = find(*configuration, "vmUniqueId")) {
    RATLS_TRY(out.vm_id, file.text(*id, "vmUniqueId"));
  }
  if (const JsonValue* secure = find(*configuration, "secure-boot")) {
    RATLS_TRY(out.secure_boot, file.boolean(*secure, "secure-boot"));
  }
  return out;
}

}  // namespace ratls::azure::detail
