#include <ratls/verify/collateral/pack.h>

#include <algorithm>
#include <set>
#include <utility>

#include <ratls/core/cbor.h>

namespace ratls {

namespace {

constexpr std::string_view kFormat = "ratls.collateral";
constexpr std::uint64_t kVersion = 1;
// Format, version, items; and within an item.
constexpr std::uint64_t kPairs = 3;
constexpr std::uint64_t kFields = 2;

enum Kind : std::uint64_t { certificate = 0, vcek_list = 1, vlek_list = 2 };

using Record = std::pair<std::uint64_t, Bytes>;

Record record_of(const StoredCollateral& stored) {
  if (stored.item.kind != CollateralKind::crl) return {certificate, stored.item.der};
  const bool vcek = stored.list == snp::SigningKeyKind::vcek;
  return {vcek ? vcek_list : vlek_list, stored.item.der};
}

Error malformed(std::string detail) {
  return Error(Reason::malformed_collateral, std::move(detail));
}

cbor::Writer& head(cbor::Writer& out) {
  return out.map(kPairs).uint(0).text(kFormat);
}

Result<void> read_head(cbor::Reader& in) {
  RATLS_TRY(auto map, cbor::MapReader::open(in));
  RATLS_TRY(const std::uint64_t first, map.uint_key());
  RATLS_TRY(const std::string_view format, in.text());
  if (first != 0 || format != kFormat) return malformed("it is no pack of collateral");
  RATLS_TRY(const std::uint64_t second, map.uint_key());
  RATLS_TRY(const std::uint64_t version, in.uint());
  if (second != 1 || version != kVersion) {
    return malformed("a pack of version " + std::to_string(version) + "; this release reads 1");
  }
  RATLS_TRY(const std::uint64_t third, map.uint_key());
  if (third != 2 || !map.done()) return malformed("a pack holds format, version and items");
  return {};
}

Result<Record> read_record(cbor::Reader& in) {
  RATLS_CHECK(in.array_of(kFields));
  RATLS_TRY(const std::uint64_t kind, in.uint());
  RATLS_TRY(const ByteView der, in.bytes());
  if (kind > vlek_list) return malformed("an item of an unknown kind");
  if (der.size() > kMaxCollateralSize) return malformed("an item of more than 64 KiB");
  return Record{kind, Bytes(der.begin(), der.end())};
}

PackItem item_of(Record record) {
  PackItem out;
  out.is_crl = record.first != certificate;
  out.list = record.first == vlek_list ? snp::SigningKeyKind::vlek : snp::SigningKeyKind::vcek;
  out.der = std::move(record.second);
  return out;
}

}  // namespace

bool looks_like_pack(ByteView file) {
  cbor::Writer expected;
  const Bytes start = std::move(head(expected)).take();
  return file.size() >= start.size() && std::equal(start.begin(), start.end(), file.begin());
}

Result<Bytes> write_pack(const std::vector<StoredCollateral>& items) {
  std::set<Record> records;
  for (const StoredCollateral& stored : items) records.insert(record_of(stored));
  if (records.size() > kMaxPackItems) {
    return Error(Reason::collateral_full, std::to_string(records.size()) + " items; a pack holds " +
                                              std::to_string(kMaxPackItems));
  }
  cbor::Writer out;
  head(out).uint(1).uint(kVersion).uint(2).array(records.size());
  for (const auto& [kind, der] : records) out.array(kFields).uint(kind).bytes(der);
  Bytes file = std::move(out).take();
  if (file.size() > kMaxPackSize) {
    return Error(Reason::collateral_full, "a pack holds 64 MiB");
  }
  return file;
}

Result<std::vector<PackItem>> read_pack(ByteView file) {
  if (file.size() > kMaxPackSize) return malformed("a pack of more than 64 MiB");
  cbor::Reader in(file, Reason::malformed_collateral);
  RATLS_CHECK(read_head(in));
  RATLS_TRY(const std::uint64_t count, in.array());
  if (count > kMaxPackItems) return malformed("a pack of too many items");
  std::vector<PackItem> out;
  Record previous;
  for (std::uint64_t i = 0; i < count; ++i) {
    RATLS_TRY(Record record, read_record(in));
    if (i > 0 && record <= previous) return malformed("items out of order, or one twice");
    previous = record;
    out.push_back(item_of(std::move(record)));
  }
  RATLS_CHECK(in.finish());
  return out;
}

}  // namespace ratls
