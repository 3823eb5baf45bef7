#include <ratls/services/broker/tpm_key.h>

#include <algorithm>
#include <charconv>

#include <ratls/core/json.h>
#include <ratls/services/broker/detail/tpm_device.h>
#include <ratls/verify/json_fields.h>

namespace ratls::broker {

namespace {

using strict_json::JsonFields;
using strict_json::JsonFile;
using strict_json::JsonValue;

constexpr std::string_view kSchema = "ratls.tpm_key/1";
constexpr std::uint64_t kLastPcr = 23;

// The name before the colon is a library that is loaded: only these two.
bool is_tcti(const std::string& text) {
  return text.starts_with("device:/") || text.starts_with("swtpm:");
}

Result<Bytes> bytes_in(const JsonFile& file, const JsonFields& fields, std::string_view key) {
  RATLS_TRY(const std::string text, file.text(fields.at(key), key));
  auto out = from_hex(text);
  if (!out || out->empty()) return file.wrong(fields.at(key), std::string(key) + " must be hex");
  return *std::move(out);
}

Result<std::vector<std::uint8_t>> pcrs_in(const JsonFile& file, const JsonValue& value) {
  RATLS_TRY(const auto* items, file.list(value, "pcrs", true));
  std::vector<std::uint8_t> out;
  for (const JsonValue& item : *items) {
    RATLS_TRY(const auto number, file.integer(item, "a PCR", 0, kLastPcr));
    if (!out.empty() && number <= out.back()) return file.wrong(item, "pcrs must rise");
    out.push_back(static_cast<std::uint8_t>(number));
  }
  return out;
}

Result<detail::TpmObject> parse(ByteView sealed) {
  RATLS_TRY(const auto root, strict_json::parse_json(sealed, Reason::invalid_config));
  const JsonFile file(sealed, Reason::invalid_config);
  RATLS_TRY(const auto fields, JsonFields::open(file, root, "a sealed key",
                                                {"schema", "tcti", "pcrs", "public", "private"}));
  RATLS_TRY(const std::string schema, file.text(fields.at("schema"), "schema"));
  if (schema != kSchema) return file.wrong(fields.at("schema"), "not " + std::string(kSchema));
  detail::TpmObject out;
  RATLS_TRY(out.sealing.tcti, file.text(fields.at("tcti"), "tcti"));
  if (!is_tcti(out.sealing.tcti)) {
    return file.wrong(fields.at("tcti"), "a TPM is device:/PATH or swtpm:OPTIONS");
  }
  RATLS_TRY(out.sealing.pcrs, pcrs_in(file, fields.at("pcrs")));
  RATLS_TRY(out.public_part, bytes_in(file, fields, "public"));
  RATLS_TRY(out.private_part, bytes_in(file, fields, "private"));
  return out;
}

}  // namespace

Result<std::string> seal_to_tpm(const seal::Key& key, const TpmSealing& sealing) {
  if (!is_tcti(sealing.tcti)) {
    return Error(Reason::invalid_config, "a TPM is device:/PATH or swtpm:OPTIONS");
  }
  RATLS_TRY(const auto object, detail::tpm_seal(key, sealing));
  std::vector<std::string> pcrs;
  for (const std::uint8_t pcr : sealing.pcrs) pcrs.push_back(std::to_string(pcr));
  json::Object out;
  out.text("schema", kSchema).text("tcti", sealing.tcti).raw("pcrs", json::array(pcrs));
  out.text("public", to_hex(object.public_part)).text("private", to_hex(object.private_part));
  return out.str() + "\n";
}

Result<seal::Key> open_from_tpm(ByteView sealed) {
  RATLS_TRY(const auto object, parse(sealed));
  return detail::tpm_unseal(object);
}

Result<std::vector<std::uint8_t>> parse_pcrs(const std::string& text) {
  std::vector<std::uint8_t> out;
  const char* at = text.data();
  const char* end = std::next(at, static_cast<std::ptrdiff_t>(text.size()));
  while (at != end) {
    std::uint8_t number = 0;
    const auto parsed = std::from_chars(at, end, number);
    const bool good = parsed.ec == std::errc{} && number <= kLastPcr &&
                      std::find(out.begin(), out.end(), number) == out.end();
    const bool more = parsed.ptr != end && *parsed.ptr == ',' && std::next(parsed.ptr) != end;
    if (!good || (parsed.ptr != end && !more)) {
      return Error(Reason::invalid_config, "PCRs are numbers from 0 to 23, each once: 0,2,7");
    }
    out.push_back(number);
    at = more ? std::next(parsed.ptr) : parsed.ptr;
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace ratls::broker
