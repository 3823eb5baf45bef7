#include <ratls/core/base64.h>
#include <ratls/core/ecdsa.h>
#include <ratls/verify/detail/policy_reading.h>

namespace ratls::detail {

namespace {

constexpr std::string_view kPinPrefix = "sha256//";

Result<Sha256Digest> read_pin(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const std::string text, file.text(value, "a pin"));
  if (text.starts_with(kPinPrefix)) {
    const auto bytes = from_base64(text.substr(kPinPrefix.size()));
    const auto digest = bytes ? Sha256Digest::from(*bytes) : std::nullopt;
    if (digest) return *digest;
  }
  return file.wrong(value, "a pin is \"sha256//\" and 44 characters of base64");
}

Result<Bytes> read_issuer(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const std::string hex, file.text(value, "an issuer"));
  auto der = from_hex(hex);
  if (der && is_ecdsa_spki(*der)) return *std::move(der);
  return file.wrong(value,
                    "an issuer must be a DER SubjectPublicKeyInfo in hex, of P-256 or P-384");
}

template <class T, class Read>
Result<void> read_each(const JsonFile& file, const JsonValue* list, std::string_view what,
                       const Read& read, std::vector<T>& out) {
  if (list == nullptr) return {};
  RATLS_TRY(const auto* items, file.list(*list, what));
  for (const JsonValue& item : *items) {
    RATLS_TRY(T value, read(file, item));
    out.push_back(std::move(value));
  }
  return {};
}

}  // namespace

Result<void> read_instance_keys(const JsonFile& file, const JsonFields& guest, GuestRule& out) {
  const JsonValue* value = guest.find("instance_keys");
  if (value == nullptr) return {};
  RATLS_TRY(const auto fields,
            JsonFields::open(file, *value, "instance_keys", {}, {"pins", "issuers"}));
  InstanceRule rule;
  RATLS_CHECK(read_each(file, fields.find("pins"), "pins", read_pin, rule.pins));
  RATLS_CHECK(read_each(file, fields.find("issuers"), "issuers", read_issuer, rule.issuers));
  if (rule.pins.empty() && rule.issuers.empty()) {
    return file.wrong(*value, "instance_keys needs pins, issuers, or both");
  }
  out.instance = std::move(rule);
  return {};
}

}  // namespace ratls::detail
