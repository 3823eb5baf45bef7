#include <algorithm>
#include <charconv>

#include <ratls/verify/detail/policy_reading.h>

namespace ratls::detail {

namespace {

using Names = std::vector<std::string_view>;

Result<Names> read_products(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto* products, file.list(value, "products"));
  Names out;
  for (const JsonValue& item : *products) {
    RATLS_TRY(const snp::Product product, read_product(file, item));
    if (std::find(out.begin(), out.end(), snp::name(product)) != out.end()) {
      return file.wrong(item, "a product stands there twice");
    }
    out.push_back(snp::name(product));
  }
  return out;
}

Result<snp::Tcb> read_tcb(const JsonFile& file, const JsonValue& value, std::string_view what,
                          snp::Product product) {
  const bool turin = product == snp::Product::turin;
  Names keys{"bootloader", "tee", "snp", "microcode"};
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

// One value for each product, and none for others: a floor for an unlisted product would be a
// sign that the list is not what its author thinks.
Result<std::map<snp::Product, snp::Tcb>> read_tcbs(const JsonFile& file, const JsonValue& value,
                                                   const std::string& what, const Names& products) {
  RATLS_TRY(const auto fields, JsonFields::open(file, value, what, products));
  std::map<snp::Product, snp::Tcb> out;
  for (const std::string_view key : products) {
    const snp::Product product = *snp::parse_product(key);
    RATLS_TRY(out[product], read_tcb(file, fields.at(key), what + "." + std::string(key), product));
  }
  return out;
}

// {"min": "any" | "min_tcb" | floors, "at_most_current": true | "any"}
Result<LaunchRule> read_launch(const JsonFile& file, const JsonValue& value, const Names& products,
                               const GuestRule& guest) {
  if (is_word(value, kAny)) return LaunchRule{};
  if (value.kind != JsonValue::Kind::object) {
    return file.wrong(value, "launch_tcb must be an object or \"any\"");
  }
  RATLS_TRY(const auto fields,
            JsonFields::open(file, value, "launch_tcb", {"min", "at_most_current"}));
  LaunchRule out;
  const JsonValue& least = fields.at("min");
  if (is_word(least, "min_tcb")) {
    out.floors = guest.floors;
  } else if (least.kind == JsonValue::Kind::object) {
    RATLS_TRY(out.floors, read_tcbs(file, least, "launch_tcb.min", products));
  } else if (!is_word(least, kAny)) {
    return file.wrong(least, "min must be \"any\", \"min_tcb\" or floors of its own");
  }
  const JsonValue& order = fields.at("at_most_current");
  out.at_most_current = order.kind == JsonValue::Kind::boolean && order.boolean;
  if (out.at_most_current || is_word(order, kAny)) return out;
  return file.wrong(order, "at_most_current must be true or \"any\"");
}

Result<std::map<snp::Product, snp::FirmwareVersion>> read_firmware(const JsonFile& file,
                                                                   const JsonValue& value,
                                                                   const Names& products) {
  std::map<snp::Product, snp::FirmwareVersion> out;
  if (is_word(value, kAny)) return out;
  if (value.kind != JsonValue::Kind::object) {
    return file.wrong(value, "min_firmware must be an object or \"any\"");
  }
  RATLS_TRY(const auto fields, JsonFields::open(file, value, "min_firmware", products));
  for (const std::string_view key : products) {
    RATLS_TRY(const auto version, read_version(file, fields.at(key), key, 3));
    out[*snp::parse_product(key)] = {version[0], version[1], version[2]};
  }
  return out;
}

}  // namespace

Result<std::vector<std::uint8_t>> read_version(const JsonFile& file, const JsonValue& value,
                                               std::string_view what, std::size_t parts) {
  RATLS_TRY(const std::string text, file.text(value, what));
  const auto wrong = [&] {
    return file.wrong(value, std::string(what) + " must be a version like " +
                                 (parts == 3 ? "\"1.55.40\"" : "\"1.55\"") +
                                 ", each number 0 to 255");
  };
  std::vector<std::uint8_t> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    const std::string number = text.substr(at, end - at);
    std::uint8_t parsed = 0;
    const char* const last = number.data() + number.size();
    const auto read = std::from_chars(number.data(), last, parsed);
    // Only the shortest form, so that two texts never mean one version.
    if (read.ec != std::errc() || read.ptr != last || number != std::to_string(parsed)) {
      return wrong();
    }
    out.push_back(parsed);
    at = end + 1;
  }
  if (out.size() != parts) return wrong();
  return out;
}

Result<snp::Product> read_product(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const std::string text, file.text(value, "a product"));
  const auto product = snp::parse_product(text);
  if (product) return *product;
  return file.wrong(value, "a product is milan, genoa, bergamo_siena or turin");
}

Result<void> read_floors(const JsonFile& file, const JsonFields& guest, GuestRule& out) {
  RATLS_TRY(const Names products, read_products(file, guest.at("products")));
  RATLS_TRY(out.floors, read_tcbs(file, guest.at("min_tcb"), "min_tcb", products));
  RATLS_TRY(out.launch, read_launch(file, guest.at("launch_tcb"), products, out));
  RATLS_TRY(out.min_firmware, read_firmware(file, guest.at("min_firmware"), products));
  return {};
}

}  // namespace ratls::detail
