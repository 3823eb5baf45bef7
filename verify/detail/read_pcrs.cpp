#include <charconv>

#include <ratls/verify/detail/policy_reading.h>

namespace ratls::detail {

namespace {

// "0" to "23" in the shortest form.
Result<std::uint32_t> read_index(const JsonFile& file, const JsonValue::Member& member) {
  std::uint32_t index = 0;
  const std::string& key = member.key;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), index);
  if (parsed.ec == std::errc{} && index < kTpmPcrs && std::to_string(index) == key) return index;
  return file.wrong(member.offset, "a PCR is a number from \"0\" to \"23\"");
}

Result<std::vector<Sha256Digest>> read_allowed(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto* items, file.list(value, "the values of a PCR"));
  std::vector<Sha256Digest> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const auto digest, file.fixed<Sha256Digest>(item, "a PCR's value"));
    out.push_back(digest);
  }
  return out;
}

}  // namespace

Result<void> read_pcrs(const JsonFile& file, const JsonFields& guest, GuestRule& out) {
  const JsonValue* value = guest.find("tpm_pcrs");
  if (value == nullptr) return {};
  RATLS_TRY(const auto banks, JsonFields::open(file, *value, "tpm_pcrs", {"sha256"}));
  const JsonValue& bank = banks.at("sha256");
  if (bank.kind != JsonValue::Kind::object || bank.members.empty()) {
    return file.wrong(bank, "tpm_pcrs.sha256 must be an object with at least one PCR");
  }
  for (const JsonValue::Member& member : bank.members) {
    RATLS_TRY(const std::uint32_t index, read_index(file, member));
    RATLS_TRY(out.pcrs[index], read_allowed(file, member.value));
  }
  return {};
}

}  // namespace ratls::detail
