#include <ratls/verify/policy_json.h>

#include <algorithm>

#include <ratls/core/x509.h>
#include <ratls/verify/detail/json_fields.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::BitRule;
using detail::GuestRule;
using detail::JsonFields;
using detail::JsonFile;
using detail::JsonValue;
using detail::PolicyData;

constexpr std::string_view kAny = "any";
constexpr std::string_view kDangerouslyAny = "dangerously_any";
constexpr std::string_view kDangerouslyAllow = "dangerously_allow";
constexpr std::uint64_t kMaxVersion =
    9'007'199'254'740'991;  // 2^53 - 1, exact in every JSON reader

bool is_word(const JsonValue& value, std::string_view word) {
  return value.kind == JsonValue::Kind::text && value.text == word;
}

template <class Fixed>
Result<Allow<Fixed>> read_allow(const JsonFile& file, const JsonValue& value, std::string_view what,
                                std::string_view any_word = kAny) {
  if (is_word(value, any_word)) return Allow<Fixed>::any();
  if (value.kind != JsonValue::Kind::array) {
    return file.wrong(value,
                      std::string(what) + " must be a list or \"" + std::string(any_word) + "\"");
  }
  RATLS_TRY(const auto* items, file.list(value, what));
  std::vector<Fixed> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const Fixed bytes, file.fixed<Fixed>(item, what));
    out.push_back(bytes);
  }
  return Allow<Fixed>::only(std::move(out));
}

// An empty list is a decision here: no VLEK is accepted.
Result<Allow<std::string>> read_csp_ids(const JsonFile& file, const JsonValue& value) {
  if (is_word(value, kAny)) return Allow<std::string>::any();
  RATLS_TRY(const auto* items, file.list(value, "vlek_csp_ids", true));
  std::vector<std::string> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(std::string id, file.text(item, "vlek_csp_ids"));
    if (id.empty()) return file.wrong(item, "a provider's name must not be empty");
    out.push_back(std::move(id));
  }
  return Allow<std::string>::only(std::move(out));
}

Result<std::set<std::uint32_t>> read_numbers(const JsonFile& file, const JsonValue& value,
                                             std::string_view what, std::uint64_t least,
                                             std::uint64_t most) {
  RATLS_TRY(const auto* items, file.list(value, what));
  std::set<std::uint32_t> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const std::uint64_t number, file.integer(item, what, least, most));
    if (!out.insert(static_cast<std::uint32_t>(number)).second) {
      return file.wrong(item, std::string(what) + " holds a number twice");
    }
  }
  return out;
}

Result<snp::Product> read_product(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const std::string text, file.text(value, "a product"));
  const auto product = snp::parse_product(text);
  if (product) return *product;
  return file.wrong(value, "a product is milan, genoa, bergamo_siena or turin");
}

Result<snp::Tcb> read_tcb(const JsonFile& file, const JsonValue& value, snp::Product product) {
  const std::string what = "min_tcb." + std::string(snp::name(product));
  const bool turin = product == snp::Product::turin;
  std::vector<std::string_view> keys{"bootloader", "tee", "snp", "microcode"};
  if (turin) keys.insert(keys.begin(), "fmc");
  RATLS_TRY(const auto fields, JsonFields::open(file, value, what, keys));
  const auto component = [&](std::string_view key) {
    return file.integer(fields.at(key), key, 0, 255);
  };
  snp::Tcb out;
  RATLS_TRY(const std::uint64_t bootloader, component("bootloader"));
  RATLS_TRY(const std::uint64_t tee, component("tee"));
  RATLS_TRY(const std::uint64_t firmware, component("snp"));
  RATLS_TRY(const std::uint64_t microcode, component("microcode"));
  out.bootloader = static_cast<std::uint8_t>(bootloader);
  out.tee = static_cast<std::uint8_t>(tee);
  out.snp = static_cast<std::uint8_t>(firmware);
  out.microcode = static_cast<std::uint8_t>(microcode);
  if (turin) {
    RATLS_TRY(const std::uint64_t fmc, component("fmc"));
    out.fmc = static_cast<std::uint8_t>(fmc);
  }
  return out;
}

// One floor for each product, and none for others: a floor for an unlisted product would be a
// sign that the list is not what its author thinks.
Result<std::map<snp::Product, snp::Tcb>> read_floors(const JsonFile& file,
                                                     const JsonFields& guest) {
  RATLS_TRY(const auto* products, file.list(guest.at("products"), "products"));
  std::vector<std::string_view> keys;
  for (const JsonValue& item : *products) {
    RATLS_TRY(const snp::Product product, read_product(file, item));
    if (std::find(keys.begin(), keys.end(), snp::name(product)) != keys.end()) {
      return file.wrong(item, "a product stands there twice");
    }
    keys.push_back(snp::name(product));
  }
  const JsonValue& floors = guest.at("min_tcb");
  RATLS_TRY(const auto fields, JsonFields::open(file, floors, "min_tcb", keys));
  std::map<snp::Product, snp::Tcb> out;
  for (const std::string_view key : keys) {
    const snp::Product product = *snp::parse_product(key);
    RATLS_TRY(out[product], read_tcb(file, fields.at(key), product));
  }
  return out;
}

Result<bool> read_relaxation(const JsonFile& file, const JsonValue& value, std::string_view what) {
  if (is_word(value, kDangerouslyAllow)) return true;
  if (value.kind == JsonValue::Kind::boolean && !value.boolean) return false;
  return file.wrong(value, std::string(what) + " must be false or \"dangerously_allow\"");
}

Result<void> read_guest_policy(const JsonFile& file, const JsonValue& value, GuestRule& out) {
  std::vector<std::string_view> keys;
  for (const auto& bit : snp::GuestPolicy::bits()) keys.push_back(bit.name);
  RATLS_TRY(const auto fields, JsonFields::open(file, value, "guest_policy", keys));
  RATLS_TRY(out.debug_allowed, read_relaxation(file, fields.at("debug"), "debug"));
  RATLS_TRY(out.migration_allowed, read_relaxation(file, fields.at("migration"), "migration"));
  for (const auto& bit : snp::GuestPolicy::bits()) {
    if (bit.name == "debug" || bit.name == "migration" || is_word(fields.at(bit.name), kAny))
      continue;
    if (fields.at(bit.name).kind != JsonValue::Kind::boolean) {
      return file.wrong(fields.at(bit.name),
                        std::string(bit.name) + " must be true, false or \"any\"");
    }
    auto& mask = fields.at(bit.name).boolean ? out.guest_policy.must : out.guest_policy.must_not;
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
      const std::string close = detail::nearest(text, known);
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

Result<Covers> read_covers(const JsonFile& file, const JsonValue& value) {
  if (is_word(value, "image")) return Covers::image;
  if (is_word(value, "firmware")) return Covers::firmware;
  return file.wrong(value, "covers must be \"image\" or \"firmware\"");
}

Result<GuestRule> read_guest(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(
      const auto fields,
      JsonFields::open(file, value, "a guest",
                       {"name", "covers", "measurements", "products", "min_tcb", "guest_policy",
                        "vmpl", "platform_info", "report_versions", "host_data", "id_key_digests",
                        "author_key_digests", "chip_ids", "vlek_csp_ids"}));
  GuestRule out;
  RATLS_TRY(out.name, file.text(fields.at("name"), "name"));
  RATLS_TRY(out.covers, read_covers(file, fields.at("covers")));
  RATLS_TRY(out.measurements, read_allow<snp::Measurement>(file, fields.at("measurements"),
                                                           "measurements", kDangerouslyAny));
  RATLS_TRY(out.floors, read_floors(file, fields));
  RATLS_CHECK(read_guest_policy(file, fields.at("guest_policy"), out));
  RATLS_TRY(out.vmpls, read_numbers(file, fields.at("vmpl"), "vmpl", 0, 3));
  RATLS_TRY(out.platform, read_platform(file, fields.at("platform_info")));
  RATLS_TRY(out.report_versions,
            read_numbers(file, fields.at("report_versions"), "report_versions", 2, 5));
  RATLS_TRY(out.host_data, read_allow<snp::HostData>(file, fields.at("host_data"), "host_data"));
  RATLS_TRY(out.id_keys,
            read_allow<snp::KeyDigest>(file, fields.at("id_key_digests"), "id_key_digests"));
  RATLS_TRY(out.author_keys, read_allow<snp::KeyDigest>(file, fields.at("author_key_digests"),
                                                        "author_key_digests"));
  RATLS_TRY(out.chips, read_allow<snp::ChipId>(file, fields.at("chip_ids"), "chip_ids"));
  RATLS_TRY(out.csp_ids, read_csp_ids(file, fields.at("vlek_csp_ids")));
  return out;
}

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
  RATLS_TRY(const snp::Product product, read_product(file, fields.at("product")));
  SimulatorRoot out;
  out.line = snp::line_of(product);
  RATLS_TRY(out.ark, read_key(file, fields.at("ark"), "ark"));
  RATLS_TRY(out.ask, read_key(file, fields.at("ask"), "ask"));
  RATLS_TRY(out.asvk, read_key(file, fields.at("asvk"), "asvk"));
  return out;
}

Result<std::optional<Timestamp>> read_expiry(const JsonFile& file, const JsonValue& value) {
  if (value.kind == JsonValue::Kind::null) return std::optional<Timestamp>();
  const auto moment =
      value.kind == JsonValue::Kind::text ? parse_rfc3339(value.text) : std::nullopt;
  if (moment) return moment;
  return file.wrong(value, "expires must be null or a time like \"2027-01-31T00:00:00Z\"");
}

}  // namespace

Result<Policy> parse_policy(ByteView json) {
  const JsonFile file(json, Reason::invalid_policy);
  RATLS_TRY(const JsonValue root, detail::parse_json(json, Reason::invalid_policy));
  RATLS_TRY(const auto fields,
            JsonFields::open(file, root, "the policy",
                             {"name", "version", "expires", "accept", "revocation"},
                             {"$schema", "simulator_roots"}));
  PolicyData out;
  RATLS_TRY(out.name, file.text(fields.at("name"), "name"));
  RATLS_TRY(out.version, file.integer(fields.at("version"), "version", 1, kMaxVersion));
  RATLS_TRY(out.expires, read_expiry(file, fields.at("expires")));
  RATLS_TRY(const auto* guests, file.list(fields.at("accept"), "accept"));
  for (const JsonValue& guest : *guests) {
    RATLS_TRY(GuestRule rule, read_guest(file, guest));
    out.accept.push_back(std::move(rule));
  }
  RATLS_TRY(out.revocation, read_revocation(file, fields.at("revocation")));
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
