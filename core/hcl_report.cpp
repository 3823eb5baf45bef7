#include <ratls/core/hcl_report.h>

#include <algorithm>
#include <string>

#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

namespace ratls {

namespace {

constexpr std::string_view kMagic = "HCLA";
constexpr std::uint32_t kHeaderSize = 32;
constexpr std::uint32_t kRequestDataSize = 20;
constexpr std::uint32_t kAttestationRequest = 2;
constexpr std::uint32_t kSnp = 2;
constexpr std::uint32_t kTdx = 4;
constexpr std::uint32_t kSha256 = 1;

Error malformed(std::string_view what) {
  return Error(Reason::malformed_hcl_report, std::string(what));
}

Result<void> must_be(Reader& in, std::uint32_t wanted, std::string_view field) {
  RATLS_TRY(const std::uint32_t got, in.u32le(field));
  if (got == wanted) return {};
  return malformed(std::string(field) + " is " + std::to_string(got) + " and must be " +
                   std::to_string(wanted));
}

// Says how long header, report, request data and runtime data are together.
Result<std::uint32_t> read_header(Reader& in, HclReport& out) {
  RATLS_TRY(const ByteView magic, in.bytes(kMagic.size(), "the signature"));
  if (to_string(magic) != kMagic) return malformed("it does not begin with HCLA");
  RATLS_TRY(out.header_version, in.u32le("the header's version"));
  if (out.header_version < 1 || out.header_version > 2) {
    return Error(Reason::unsupported_hcl_report,
                 "header version " + std::to_string(out.header_version) + "; known are 1 and 2");
  }
  RATLS_TRY(const std::uint32_t size, in.u32le("the report's size"));
  RATLS_CHECK(must_be(in, kAttestationRequest, "the request's type"));
  RATLS_CHECK(must_be(in, 0, "the status"));
  RATLS_CHECK(in.zeros(12, "the header's reserved bytes"));
  return size;
}

Result<void> check_kind(std::uint32_t kind) {
  if (kind == kSnp) return {};
  return Error(Reason::unsupported_hcl_report,
               kind == kTdx ? "an Intel TDX report" : "report type " + std::to_string(kind));
}

Result<void> check_hash(std::uint32_t hash) {
  if (hash == kSha256) return {};
  return Error(Reason::unsupported_hcl_report, "hash type " + std::to_string(hash));
}

// The request's data, `data_size` bytes of which 20 are this head.
Result<void> read_request_data(Reader& in, std::uint32_t whole, HclReport& out) {
  RATLS_TRY(const std::uint32_t data_size, in.u32le("the data's size"));
  RATLS_CHECK(must_be(in, 1, "the data's version"));
  RATLS_TRY(const std::uint32_t kind, in.u32le("the report's type"));
  RATLS_CHECK(check_kind(kind));
  RATLS_TRY(const std::uint32_t hash, in.u32le("the hash's type"));
  RATLS_CHECK(check_hash(hash));
  RATLS_TRY(const std::uint32_t size, in.u32le("the runtime data's size"));
  if (size == 0 || size > kMaxHclReportSize) return malformed("the runtime data has no fit size");
  if (data_size != size + kRequestDataSize || whole != kHeaderSize + kSnpReportSize + data_size) {
    return malformed("its sizes contradict each other");
  }
  RATLS_TRY(const ByteView runtime, in.bytes(size, "the runtime data"));
  out.runtime_data.assign(runtime.begin(), runtime.end());
  return {};
}

}  // namespace

bool is_hcl_report(ByteView bytes) noexcept {
  const ByteView magic = as_bytes(kMagic);
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

Result<HclReport> parse_hcl_report(ByteView bytes) {
  if (bytes.size() > kMaxHclReportSize) return malformed("more than 4096 bytes");
  Reader in(bytes, Reason::malformed_hcl_report);
  HclReport out;
  RATLS_TRY(const std::uint32_t whole, read_header(in, out));
  RATLS_TRY(const ByteView report, in.bytes(kSnpReportSize, "the hardware report"));
  out.report.assign(report.begin(), report.end());
  RATLS_CHECK(read_request_data(in, whole, out));
  RATLS_CHECK(in.zeros(in.rest().size(), "bytes behind the runtime data"));
  out.size = whole;
  return out;
}

}  // namespace ratls
