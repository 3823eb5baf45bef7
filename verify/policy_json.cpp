#include <ratls/verify/policy_json.h>

#include <ratls/core/x509.h>
#include <ratls/verify/detail/policy_reading.h>

namespace ratls {

namespace {

using detail::GuestRule;
using detail::is_word;
using detail::JsonFields;
using detail::JsonFile;
using detail::JsonValue;
using detail::PolicyData;

constexpr std::uint64_t kMaxVersion =
    9'007'199'254'740'991;  // 2^53 - 1, exact in every JSON reader

Result<Revocation> read_revocation(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "revocation", {"mode"}, {"max_age_hours"}));
  const JsonValue* age = fields.find("max_age_hours");
  if (is_word(fields.at("mode"), "accept_missing")) {
    if (age == nullptr) return Revocation::accept_missing();
    return file.wrong(*age, "max_age_hours belongs to mode \"require\"");
  }
  if (!is_word(fields.at("mode"), "require")) {
    return file.wrong(fields.at("mode"), "mode must be \"require\" or \"accept_missing\"");
  }
  if (age == nullptr) return file.wrong(value, "\"max_age_hours\" is missing in revocation");
  RATLS_TRY(const std::uint64_t hours, file.integer(*age, "max_age_hours", 1, 8760));
  return Revocation::require(static_cast<std::uint32_t>(hours));
}

Result<std::optional<Timestamp>> read_moment(const JsonFile& file, const JsonValue& value,
                                             std::string_view what) {
  if (value.kind == JsonValue::Kind::null) return std::optional<Timestamp>();
  const auto moment =
      value.kind == JsonValue::Kind::text ? parse_rfc3339(value.text) : std::nullopt;
  if (moment) return moment;
  return file.wrong(value,
                    std::string(what) + " must be null or a time like \"2027-01-31T00:00:00Z\"");
}

Result<ClockRule> read_clock(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "clock", {"max_skew_seconds", "not_before"}));
  ClockRule out;
  RATLS_TRY(const std::uint64_t skew,
            file.integer(fields.at("max_skew_seconds"), "max_skew_seconds", 0,
                         ClockRule::kMaxSkewSeconds));
  out.max_skew_seconds = static_cast<std::uint32_t>(skew);
  RATLS_TRY(out.not_before, read_moment(file, fields.at("not_before"), "not_before"));
  return out;
}

Result<Bytes> read_key(const JsonFile& file, const JsonValue& value, std::string_view what) {
  RATLS_TRY(const std::string hex, file.text(value, what));
  auto der = from_hex(hex);
  if (der && parse_rsa_spki(*der, Reason::invalid_policy)) return *std::move(der);
  return file.wrong(
      value,
      std::string(what) + " must be a DER SubjectPublicKeyInfo in hex, RSA of 2048 to 4096 bits");
}

Result<SimulatorRoot> read_simulator(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "a simulator root", {"product", "ark", "ask", "asvk"}));
  RATLS_TRY(const snp::Product product, detail::read_product(file, fields.at("product")));
  SimulatorRoot out;
  out.line = snp::line_of(product);
  RATLS_TRY(out.ark, read_key(file, fields.at("ark"), "ark"));
  RATLS_TRY(out.ask, read_key(file, fields.at("ask"), "ask"));
  RATLS_TRY(out.asvk, read_key(file, fields.at("asvk"), "asvk"));
  return out;
}

}  // namespace

Result<Policy> parse_policy(ByteView json) {
  const JsonFile file(json, Reason::invalid_policy);
  RATLS_TRY(const JsonValue root, detail::parse_json(json, Reason::invalid_policy));
  RATLS_TRY(const auto fields,
            JsonFields::open(file, root, "the policy",
                             {"name", "version", "expires", "accept", "revocation"},
                             {"$schema", "clock", "simulator_roots"}));
  PolicyData out;
  RATLS_TRY(out.name, file.text(fields.at("name"), "name"));
  RATLS_TRY(out.version, file.integer(fields.at("version"), "version", 1, kMaxVersion));
  RATLS_TRY(out.expires, read_moment(file, fields.at("expires"), "expires"));
  RATLS_TRY(const auto* guests, file.list(fields.at("accept"), "accept"));
  for (const JsonValue& guest : *guests) {
    RATLS_TRY(GuestRule rule, detail::read_guest(file, guest));
    out.accept.push_back(std::move(rule));
  }
  RATLS_TRY(out.revocation, read_revocation(file, fields.at("revocation")));
  if (const JsonValue* clock = fields.find("clock")) {
    RATLS_TRY(out.clock, read_clock(file, *clock));
  }
  if (const JsonValue* roots = fields.find("simulator_roots")) {
    RATLS_TRY(const auto* items, file.list(*roots, "simulator_roots"));
    for (const JsonValue& item : *items) {
      RATLS_TRY(SimulatorRoot root_keys, read_simulator(file, item));
      out.simulators.push_back(std::move(root_keys));
    }
  }
  return detail::make_policy(std::move(out), json);
}

}  // namespace ratls
