#include <limits>

#include <ratls/verify/detail/policy_reading.h>

namespace ratls::detail {

namespace {

constexpr std::string_view kDangerouslyAny = "dangerously_any";

template <class Fixed>
Result<std::vector<Fixed>> read_values(const JsonFile& file, const JsonValue& value,
                                       std::string_view what, bool may_be_empty = false) {
  RATLS_TRY(const auto* items, file.list(value, what, may_be_empty));
  std::vector<Fixed> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const Fixed bytes, file.fixed<Fixed>(item, what));
    out.push_back(bytes);
  }
  return out;
}

template <class Fixed>
Result<Allow<Fixed>> read_allow(const JsonFile& file, const JsonFields& guest, std::string_view key,
                                std::string_view any_word = kAny) {
  const JsonValue& value = guest.at(key);
  if (is_word(value, any_word)) return Allow<Fixed>::any();
  if (value.kind != JsonValue::Kind::array) {
    return file.wrong(value,
                      std::string(key) + " must be a list or \"" + std::string(any_word) + "\"");
  }
  RATLS_TRY(auto values, read_values<Fixed>(file, value, key));
  return Allow<Fixed>::only(std::move(values));
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

Result<Covers> read_covers(const JsonFile& file, const JsonValue& value) {
  if (is_word(value, "image")) return Covers::image;
  if (is_word(value, "firmware")) return Covers::firmware;
  return file.wrong(value, "covers must be \"image\" or \"firmware\"");
}

// What the guest's owner chose at launch, beyond the code.
Result<void> read_launch_choices(const JsonFile& file, const JsonFields& guest, GuestRule& out) {
  RATLS_TRY(out.host_data, read_allow<snp::HostData>(file, guest, "host_data"));
  RATLS_TRY(out.id_keys, read_allow<snp::KeyDigest>(file, guest, "id_key_digests"));
  RATLS_TRY(out.author_keys, read_allow<snp::KeyDigest>(file, guest, "author_key_digests"));
  RATLS_TRY(out.family_ids, read_allow<snp::FamilyId>(file, guest, "family_ids"));
  RATLS_TRY(out.image_ids, read_allow<snp::ImageId>(file, guest, "image_ids"));
  RATLS_TRY(const std::uint64_t svn, file.integer(guest.at("min_guest_svn"), "min_guest_svn", 0,
                                                  std::numeric_limits<std::uint32_t>::max()));
  out.min_guest_svn = static_cast<std::uint32_t>(svn);
  return {};
}

Result<void> read_machines(const JsonFile& file, const JsonFields& guest, GuestRule& out) {
  RATLS_TRY(out.chips, read_allow<snp::ChipId>(file, guest, "chip_ids"));
  RATLS_TRY(out.denied_chips,
            read_values<snp::ChipId>(file, guest.at("denied_chip_ids"), "denied_chip_ids", true));
  RATLS_TRY(out.csp_ids, read_csp_ids(file, guest.at("vlek_csp_ids")));
  const JsonValue* milan = guest.find("dangerously_accept_milan");
  if (milan == nullptr) return {};
  if (milan->kind != JsonValue::Kind::boolean || !milan->boolean) {
    return file.wrong(*milan, "dangerously_accept_milan must be true, or be left out");
  }
  if (!out.floors.contains(snp::Product::milan)) {
    return file.wrong(*milan, "dangerously_accept_milan belongs to products with \"milan\"");
  }
  out.milan_accepted = true;
  return {};
}

}  // namespace

bool is_word(const JsonValue& value, std::string_view word) noexcept {
  return value.kind == JsonValue::Kind::text && value.text == word;
}

Result<GuestRule> read_guest(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(
      const auto fields,
      JsonFields::open(file, value, "a guest",
                       {"name",         "covers",         "measurements",       "products",
                        "min_tcb",      "launch_tcb",     "min_firmware",       "mitigations",
                        "guest_policy", "vmpl",           "platform_info",      "report_versions",
                        "host_data",    "id_key_digests", "author_key_digests", "family_ids",
                        "image_ids",    "min_guest_svn",  "chip_ids",           "denied_chip_ids",
                        "vlek_csp_ids"},
                       {"dangerously_accept_milan", "instance_keys", "tpm_pcrs"}));
  GuestRule out;
  RATLS_TRY(out.name, file.text(fields.at("name"), "name"));
  RATLS_TRY(out.covers, read_covers(file, fields.at("covers")));
  RATLS_TRY(out.measurements,
            read_allow<snp::Measurement>(file, fields, "measurements", kDangerouslyAny));
  RATLS_CHECK(read_floors(file, fields, out));
  RATLS_CHECK(read_bits(file, fields, out));
  RATLS_TRY(out.vmpls, read_numbers(file, fields.at("vmpl"), "vmpl", 0, 3));
  RATLS_TRY(out.report_versions,
            read_numbers(file, fields.at("report_versions"), "report_versions", 2, 5));
  RATLS_CHECK(read_launch_choices(file, fields, out));
  RATLS_CHECK(read_machines(file, fields, out));
  RATLS_CHECK(read_pcrs(file, fields, out));
  RATLS_CHECK(read_instance_keys(file, fields, out));
  return out;
}

}  // namespace ratls::detail
