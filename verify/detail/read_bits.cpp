#include <algorithm>

#include <ratls/verify/detail/policy_reading.h>

namespace ratls::detail {

namespace {

constexpr std::uint64_t kLastBit = 63;

Result<bool> read_relaxation(const JsonFile& file, const JsonValue& value, std::string_view what) {
  if (is_word(value, "dangerously_allow")) return true;
  if (value.kind == JsonValue::Kind::boolean && !value.boolean) return false;
  return file.wrong(value, std::string(what) + " must be false or \"dangerously_allow\"");
}

Result<void> read_abi(const JsonFile& file, const JsonValue& value, GuestRule& out) {
  if (is_word(value, kAny)) return {};
  RATLS_TRY(const auto version, read_version(file, value, "min_abi", 2));
  out.min_abi = snp::AbiVersion{version[0], version[1]};
  return {};
}

Result<void> read_guest_policy(const JsonFile& file, const JsonValue& value, GuestRule& out) {
  std::vector<std::string_view> keys{"min_abi"};
  for (const auto& bit : snp::GuestPolicy::bits()) keys.push_back(bit.name);
  RATLS_TRY(const auto fields, JsonFields::open(file, value, "guest_policy", keys));
  RATLS_CHECK(read_abi(file, fields.at("min_abi"), out));
  RATLS_TRY(out.debug_allowed, read_relaxation(file, fields.at("debug"), "debug"));
  RATLS_TRY(out.migration_allowed, read_relaxation(file, fields.at("migration"), "migration"));
  for (const auto& bit : snp::GuestPolicy::bits()) {
    if (bit.name == "debug" || bit.name == "migration") continue;
    const JsonValue& wanted = fields.at(bit.name);
    if (is_word(wanted, kAny)) continue;
    if (wanted.kind != JsonValue::Kind::boolean) {
      return file.wrong(wanted, std::string(bit.name) + " must be true, false or \"any\"");
    }
    auto& mask = wanted.boolean ? out.guest_policy.must : out.guest_policy.must_not;
    mask |= std::uint64_t{1} << bit.bit;
  }
  return {};
}

Result<std::uint64_t> read_platform_mask(const JsonFile& file, const JsonValue& value,
                                         std::string_view what) {
  RATLS_TRY(const auto* items, file.list(value, what, true));
  std::vector<std::string_view> known;
  for (const auto& bit : snp::PlatformInfo::bits()) known.push_back(bit.name);
  std::uint64_t mask = 0;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const std::string text, file.text(item, what));
    const auto found = std::find(known.begin(), known.end(), text);
    if (found == known.end()) {
      const std::string close = nearest(text, known);
      return file.wrong(item, "no such bit of PLATFORM_INFO" +
                                  (close.empty() ? "" : "; did you mean \"" + close + "\"?"));
    }
    mask |= std::uint64_t{1}
            << snp::PlatformInfo::bits()[static_cast<std::size_t>(found - known.begin())].bit;
  }
  return mask;
}

Result<BitRule> read_platform(const JsonFile& file, const JsonValue& value) {
  if (is_word(value, kAny)) return BitRule{};
  if (value.kind != JsonValue::Kind::object) {
    return file.wrong(value, "platform_info must be an object or \"any\"");
  }
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "platform_info", {"must", "must_not"}));
  BitRule out;
  RATLS_TRY(out.must, read_platform_mask(file, fields.at("must"), "must"));
  RATLS_TRY(out.must_not, read_platform_mask(file, fields.at("must_not"), "must_not"));
  if ((out.must & out.must_not) != 0) {
    return file.wrong(value, "a bit of PLATFORM_INFO stands in must and in must_not");
  }
  return out;
}

Result<std::uint64_t> read_mitigation_mask(const JsonFile& file, const JsonValue& value,
                                           std::string_view what) {
  RATLS_TRY(const auto* items, file.list(value, what, true));
  std::uint64_t mask = 0;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const std::uint64_t bit, file.integer(item, what, 0, kLastBit));
    if (((mask >> bit) & 1U) != 0) {
      return file.wrong(item, std::string(what) + " holds a number twice");
    }
    mask |= std::uint64_t{1} << bit;
  }
  return mask;
}

Result<MitigationRule> read_mitigations(const JsonFile& file, const JsonValue& value) {
  if (is_word(value, kAny)) return MitigationRule{};
  if (value.kind != JsonValue::Kind::object) {
    return file.wrong(value, "mitigations must be an object or \"any\"");
  }
  RATLS_TRY(const auto fields, JsonFields::open(file, value, "mitigations", {"current", "launch"}));
  MitigationRule out;
  RATLS_TRY(out.current, read_mitigation_mask(file, fields.at("current"), "current"));
  RATLS_TRY(out.launch, read_mitigation_mask(file, fields.at("launch"), "launch"));
  return out;
}

}  // namespace

Result<void> read_bits(const JsonFile& file, const JsonFields& guest, GuestRule& out) {
  RATLS_CHECK(read_guest_policy(file, guest.at("guest_policy"), out));
  RATLS_TRY(out.platform, read_platform(file, guest.at("platform_info")));
  RATLS_TRY(out.mitigations, read_mitigations(file, guest.at("mitigations")));
  return {};
}

}  // namespace ratls::detail
