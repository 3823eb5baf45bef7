#include <ratls/certgen/certificate_table.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <ratls/core/pem.h>
#include <ratls/core/reader.h>

namespace ratls {

namespace {

constexpr Reason kReason = Reason::malformed_certificate_table;
constexpr std::size_t kEntry = 24;
constexpr std::size_t kMostEntries = 64;

struct GuidTag;
using Guid = FixedBytes<16, GuidTag>;

constexpr std::string_view kVcek = "63da758de6644564adc5f4b93be8accd";
constexpr std::string_view kVlek = "a8074bc2a25a483eaae639c045a0b8a1";

struct Entry {
  Guid guid;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Result<std::vector<Entry>> read_entries(ByteView table) {
  Reader in(table, kReason);
  std::vector<Entry> out;
  std::set<Guid> seen;
  while (out.size() <= kMostEntries) {
    RATLS_TRY(const Guid guid, in.fixed<Guid>("the table's next entry, or its end"));
    RATLS_TRY(const std::uint32_t offset, in.u32le("offset"));
    RATLS_TRY(const std::uint32_t length, in.u32le("length"));
    if (guid.is_zero()) return out;
    if (!seen.insert(guid).second) return Error(kReason, "two entries of " + guid.hex());
    out.push_back({guid, offset, std::uint64_t{offset} + length});
  }
  return Error(kReason, "more than 64 entries");
}

Result<void> check_places(std::vector<Entry> entries, std::size_t size) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  std::uint64_t free = (entries.size() + 1) * kEntry;
  for (const Entry& entry : entries) {
    if (entry.begin == entry.end) return Error(kReason, "an entry without contents");
    if (entry.end > size) return Error(kReason, "an entry that ends behind the table");
    if (entry.begin < free) return Error(kReason, "an entry over another, or over the list");
    free = entry.end;
  }
  return {};
}

Result<Bytes> der_of(ByteView contents) {
  if (!has_pem(contents, "CERTIFICATE")) return Bytes(contents.begin(), contents.end());
  RATLS_TRY(auto blocks, read_pem(contents, "CERTIFICATE", kReason));
  if (blocks.size() == 1) return std::move(blocks.front());
  return Error(kReason, std::to_string(blocks.size()) + " certificates in one entry");
}

}  // namespace

Result<CertificateTable> parse_certificate_table(ByteView table) {
  if (table.empty()) return CertificateTable{};
  if (table.size() > kMaxCertificateTable) return Error(kReason, "longer than 65536 bytes");
  RATLS_TRY(const auto entries, read_entries(table));
  RATLS_CHECK(check_places(entries, table.size()));
  CertificateTable out;
  for (const Entry& entry : entries) {
    const ByteView contents = table.subspan(static_cast<std::size_t>(entry.begin),
                                            static_cast<std::size_t>(entry.end - entry.begin));
    if (entry.guid.hex() == kVcek) {
      RATLS_TRY(out.vcek, der_of(contents));
    } else if (entry.guid.hex() == kVlek) {
      RATLS_TRY(out.vlek, der_of(contents));
    }
  }
  return out;
}

}  // namespace ratls
