#include <ratls/services/broker/receipt.h>

#include <algorithm>

#include <ratls/core/base64.h>
#include <ratls/verify/json_fields.h>

namespace ratls::broker {

namespace {

using strict_json::JsonFields;
using strict_json::JsonFile;

// The only head that is written or read: no receipt can choose how it is verified.
constexpr std::string_view kHead = R"({"alg":"EdDSA","typ":"ratls-receipt"})";
constexpr std::string_view kSchema = "ratls.receipt/1";
constexpr std::string_view kHeader = "ratls-receipt:";
constexpr std::size_t kMaxText = 8192;

// RFC 7515, appendix C: base64url without padding.
std::string to_base64url(ByteView bytes) {
  std::string out = to_base64(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

// Only the one spelling that to_base64url() gives.
std::optional<Bytes> from_base64url(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  while (plain.size() % 4 != 0) plain += '=';
  auto out = from_base64(plain);
  if (!out || to_base64url(*out) != text) return std::nullopt;
  return out;
}

std::string payload_of(const Receipt& receipt) {
  json::Object out;
  out.text("schema", kSchema).text("resource", receipt.resource);
  out.number("version", receipt.version).text("released", to_rfc3339(receipt.released));
  out.text_or_null("lease_until", receipt.lease_until ? to_rfc3339(*receipt.lease_until) : "");
  out.text("guest", receipt.guest).text("report_id", receipt.report_id);
  out.text("measurement", receipt.measurement).text("chip_id_sha256", receipt.chip);
  out.text("evidence_sha256", receipt.evidence).text("policy", receipt.policy);
  out.text("policy_sha256", receipt.policy_sha256).boolean("simulated", receipt.simulated);
  out.number("audit_seq", receipt.audit.seq).text("audit_head", receipt.audit.hash.hex());
  return out.str();
}

std::string_view trimmed(std::string_view text) {
  if (text.starts_with(kHeader)) text.remove_prefix(kHeader.size());
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

Error malformed(const std::string& what) {
  return Error(Reason::malformed_receipt, what);
}

Result<Timestamp> moment(const JsonFile& file, const strict_json::JsonValue& value) {
  RATLS_TRY(const std::string text, file.text(value, "a time"));
  const auto out = parse_rfc3339(text);
  if (!out) return file.wrong(value, "not a time");
  return *out;
}

Result<void> read_guest(const JsonFile& file, const JsonFields& fields, Receipt& out) {
  RATLS_TRY(out.guest, file.text(fields.at("guest"), "guest"));
  RATLS_TRY(out.report_id, file.text(fields.at("report_id"), "report_id"));
  RATLS_TRY(out.measurement, file.text(fields.at("measurement"), "measurement"));
  RATLS_TRY(out.chip, file.text(fields.at("chip_id_sha256"), "chip_id_sha256"));
  RATLS_TRY(out.evidence, file.text(fields.at("evidence_sha256"), "evidence_sha256"));
  RATLS_TRY(out.policy, file.text(fields.at("policy"), "policy"));
  RATLS_TRY(out.policy_sha256, file.text(fields.at("policy_sha256"), "policy_sha256"));
  RATLS_TRY(out.simulated, file.boolean(fields.at("simulated"), "simulated"));
  return {};
}

Result<Receipt> read_payload(ByteView payload) {
  constexpr std::uint64_t kMost = 1ULL << 53U;
  RATLS_TRY(const auto root, strict_json::parse_json(payload, Reason::malformed_receipt));
  const JsonFile file(payload, Reason::malformed_receipt);
  RATLS_TRY(const auto fields,
            JsonFields::open(file, root, "a receipt",
                             {"schema", "resource", "version", "released", "lease_until", "guest",
                              "report_id", "measurement", "chip_id_sha256", "evidence_sha256",
                              "policy", "policy_sha256", "simulated", "audit_seq", "audit_head"}));
  RATLS_TRY(const std::string schema, file.text(fields.at("schema"), "schema"));
  if (schema != kSchema) return file.wrong(fields.at("schema"), "not " + std::string(kSchema));
  Receipt out;
  RATLS_TRY(out.resource, file.text(fields.at("resource"), "resource"));
  RATLS_TRY(out.version, file.integer(fields.at("version"), "version", 0, kMost));
  RATLS_TRY(out.released, moment(file, fields.at("released")));
  const auto& lease = fields.at("lease_until");
  if (lease.kind != strict_json::JsonValue::Kind::null) {
    RATLS_TRY(out.lease_until, moment(file, lease));
  }
  RATLS_CHECK(read_guest(file, fields, out));
  RATLS_TRY(out.audit.seq, file.integer(fields.at("audit_seq"), "audit_seq", 1, kMost));
  RATLS_TRY(out.audit.hash, file.fixed<LineHash>(fields.at("audit_head"), "audit_head"));
  return out;
}

}  // namespace

std::string sign_receipt(const Receipt& receipt, const ReceiptKey& key) {
  const std::string signed_part =
      to_base64url(as_bytes(kHead)) + "." + to_base64url(as_bytes(payload_of(receipt)));
  return signed_part + "." + to_base64url(key.sign(as_bytes(signed_part)).view());
}

Result<Receipt> open_receipt(std::string_view text, const ed25519::PublicKey& key) {
  if (text.size() > kMaxText) return malformed("it has more than 8 KiB");
  text = trimmed(text);
  const auto first = text.find('.');
  const auto last = text.rfind('.');
  if (first == std::string_view::npos || first == last) {
    return malformed("it is not three parts with dots between");
  }
  if (text.substr(0, first) != to_base64url(as_bytes(kHead))) {
    return malformed("its first part is another head than " + std::string(kHead));
  }
  const auto payload = from_base64url(text.substr(first + 1, last - first - 1));
  const auto signature = from_base64url(text.substr(last + 1));
  if (!payload || !signature || signature->size() != ed25519::Signature::kSize) {
    return malformed("a part is not base64url");
  }
  RATLS_CHECK(ed25519::verify(key, as_bytes(text.substr(0, last)),
                              *ed25519::Signature::parse_hex(to_hex(*signature)),
                              Reason::receipt_invalid));
  return read_payload(*payload);
}

}  // namespace ratls::broker
