#include <ratls/core/evidence.h>

#include <algorithm>

#include <ratls/core/cbor.h>
#include <ratls/core/der.h>

namespace ratls {

namespace {

// RFC 9999 (CMW), 3.1: the `ind` bits of a record.
constexpr std::uint64_t kIsEndorsement = 2;
constexpr std::uint64_t kIsEvidence = 4;
constexpr std::uint8_t kOctetString = 0x04;

struct RecordType {
  std::uint64_t key;
  std::string_view media_type;
  std::uint64_t ind;
};
constexpr RecordType kReport{1, "application/vnd.amd.sev-snp.attestation-report", kIsEvidence};
constexpr RecordType kAzure{1, "application/vnd.ratls.azure-snp+cbor", kIsEvidence};
constexpr RecordType kEndorsement{2, "application/pkix-cert", kIsEndorsement};
constexpr RecordType kClaims{3, "application/vnd.ratls.claims+cbor", kIsEvidence};
constexpr RecordType kCrl{4, "application/pkix-crl", kIsEndorsement};
constexpr RecordType kPath{5, "application/vnd.ratls.path+cbor", kIsEvidence};

// Media types, keys and heads of five records take less.
constexpr std::size_t kFraming = 256;

std::size_t size_of(const std::optional<Bytes>& record) {
  return record ? record->size() : 0;
}

Error malformed(std::string_view what) {
  return Error(Reason::malformed_evidence, std::string(what));
}

void write_record(cbor::Writer& out, const RecordType& type, ByteView value) {
  out.uint(type.key).array(3).text(type.media_type).bytes(value).uint(type.ind);
}

Result<Bytes> read_record(cbor::Reader& in, const RecordType& type) {
  RATLS_CHECK(in.array_of(3));
  RATLS_TRY(const std::string_view media_type, in.text());
  if (media_type != type.media_type) {
    return malformed("record " + std::to_string(type.key) +
                     " has another media type than expected");
  }
  RATLS_TRY(const ByteView value, in.bytes());
  RATLS_TRY(const std::uint64_t ind, in.uint());
  if (ind != type.ind) return malformed("record " + std::to_string(type.key) + " has a wrong ind");
  return Bytes(value.begin(), value.end());
}

// Record 1: its media type says which binding rule holds (docs/protocol.md, section 3).
Result<void> read_report(cbor::Reader& in, EvidenceEnvelope& out) {
  cbor::Reader ahead = in;
  RATLS_CHECK(ahead.array_of(3));
  RATLS_TRY(const std::string_view media_type, ahead.text());
  if (media_type != kAzure.media_type) {
    RATLS_TRY(out.report, read_record(in, kReport));
    return {};
  }
  RATLS_TRY(const Bytes value, read_record(in, kAzure));
  RATLS_TRY(out.azure, AzureEvidence::decode(value));
  return {};
}

Result<void> check_shape(const EvidenceEnvelope& evidence) {
  if (evidence.azure && !evidence.report.empty()) return malformed("there are two kinds of report");
  if (!evidence.azure && evidence.report.size() != kSnpReportSize) {
    return malformed("the report is not 1184 bytes");
  }
  if (evidence.claims.empty()) return malformed("there are no claims");
  return {};
}

Result<void> read_field(std::uint64_t key, cbor::Reader& in, EvidenceEnvelope& out) {
  switch (key) {
    case kReport.key:
      return read_report(in, out);
    case kEndorsement.key: {
      RATLS_TRY(out.endorsement, read_record(in, kEndorsement));
      return {};
    }
    case kClaims.key: {
      RATLS_TRY(out.claims, read_record(in, kClaims));
      return {};
    }
    case kCrl.key: {
      RATLS_TRY(out.crl, read_record(in, kCrl));
      return {};
    }
    case kPath.key: {
      RATLS_TRY(out.path, read_record(in, kPath));
      return {};
    }
    default:
      return malformed("there is a record that version 1 does not know");
  }
}

// Of a DER element that is `whole` bytes in all and at most 64 KiB (X.690, 8.1.3 and 10.1).
std::size_t header_size(std::size_t whole) noexcept {
  if (whole <= 2 + 127) return 2;
  return whole <= 3 + 255 ? 3 : 4;
}

}  // namespace

Result<Bytes> EvidenceEnvelope::encode() const {
  RATLS_CHECK(check_shape(*this));
  const Bytes azure_cbor = azure ? azure->encode() : Bytes();
  cbor::Writer out(report.size() + azure_cbor.size() + claims.size() + size_of(endorsement) +
                   size_of(crl) + size_of(path) + kFraming);
  out.map(2U + (endorsement ? 1U : 0U) + (crl ? 1U : 0U) + (path ? 1U : 0U));
  write_record(out, azure ? kAzure : kReport, azure ? azure_cbor : report);
  if (endorsement) write_record(out, kEndorsement, *endorsement);
  write_record(out, kClaims, claims);
  if (crl) write_record(out, kCrl, *crl);
  if (path) write_record(out, kPath, *path);
  Bytes bytes = std::move(out).take();
  if (bytes.size() > kMaxEvidenceSize) return malformed("the evidence is larger than 8 KB");
  return bytes;
}

Result<EvidenceEnvelope> EvidenceEnvelope::decode(ByteView cbor_bytes) {
  if (cbor_bytes.size() > kMaxEvidenceSize) return malformed("the evidence is larger than 8 KB");
  cbor::Reader in(cbor_bytes, Reason::malformed_evidence);
  RATLS_TRY(auto map, cbor::MapReader::open(in));
  EvidenceEnvelope out;
  while (!map.done()) {
    RATLS_TRY(const std::uint64_t key, map.uint_key());
    RATLS_CHECK(read_field(key, in, out));
  }
  RATLS_CHECK(in.finish());
  RATLS_CHECK(check_shape(out));
  return out;
}

Result<Bytes> EvidenceEnvelope::encode_extension() const {
  RATLS_TRY(const Bytes cbor_bytes, encode());
  return der::octet_string(cbor_bytes);
}

Result<ByteView> EvidenceEnvelope::unwrap_extension(ByteView extn_value) {
  if (extn_value.empty() || extn_value.front() != kOctetString) {
    return malformed("the extension does not hold CBOR in an OCTET STRING");
  }
  if (extn_value.size() > kMaxEvidenceSize + 8) return malformed("the extension is too large");
  // Strict DER: exactly the header that we would have written before the same content.
  const std::size_t header = header_size(extn_value.size());
  if (extn_value.size() >= header) {
    const ByteView content = extn_value.subspan(header);
    const Bytes wanted = der::octet_string_header(content.size());
    const ByteView shown = extn_value.first(header);
    if (std::equal(wanted.begin(), wanted.end(), shown.begin(), shown.end())) return content;
  }
  return malformed("the extension's OCTET STRING has a wrong length");
}

Result<EvidenceEnvelope> EvidenceEnvelope::decode_extension(ByteView extn_value) {
  RATLS_TRY(const ByteView content, unwrap_extension(extn_value));
  return decode(content);
}

}  // namespace ratls
