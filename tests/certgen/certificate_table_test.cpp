#include <ratls/certgen/certificate_table.h>

#include <string>
#include <vector>

#include <ratls/core/reader.h>
#include <catch2/catch_test_macros.hpp>

using namespace ratls;

namespace {

constexpr const char* kVcek = "63da758de6644564adc5f4b93be8accd";
constexpr const char* kVlek = "a8074bc2a25a483eaae639c045a0b8a1";
constexpr const char* kAsk = "4ab7b379bbac4fe4a02f05aef327c782";
constexpr const char* kZero = "00000000000000000000000000000000";

struct Row {
  std::string guid;
  std::uint32_t offset;
  std::uint32_t length;
};

Bytes table_of(const std::vector<Row>& rows, const std::string& contents) {
  Writer out;
  for (const Row& row : rows) {
    out.bytes(*from_hex(row.guid)).u32le(row.offset).u32le(row.length);
  }
  return std::move(out.bytes(as_bytes(contents))).take();
}

void refused(const Bytes& table) {
  const auto got = parse_certificate_table(table);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::malformed_certificate_table);
}

}  // namespace

TEST_CASE("a table gives its leaves and nothing else") {
  const auto got = parse_certificate_table(
      table_of({{kAsk, 96, 3}, {kVcek, 99, 4}, {kVlek, 103, 4}, {kZero, 0, 0}}, "askvcekvlek"));
  REQUIRE(got);
  CHECK(to_string(got->vcek.value()) == "vcek");
  CHECK(to_string(got->vlek.value()) == "vlek");
}

TEST_CASE("no bytes, and a table without entries, give nothing") {
  for (const Bytes& table : {Bytes{}, Bytes(24, 0), Bytes(4096, 0)}) {
    const auto got = parse_certificate_table(table);
    REQUIRE(got);
    CHECK_FALSE(got->vcek);
    CHECK_FALSE(got->vlek);
  }
}

TEST_CASE("a leaf in PEM becomes DER") {
  const std::string pem = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
  const auto got = parse_certificate_table(
      table_of({{kVcek, 48, static_cast<std::uint32_t>(pem.size())}, {kZero, 0, 0}}, pem));
  REQUIRE(got);
  CHECK(got->vcek == Bytes{1, 2, 3});
  refused(table_of({{kVcek, 48, static_cast<std::uint32_t>(2 * pem.size())}, {kZero, 0, 0}},
                   pem + pem));
}

TEST_CASE("attack 12: a host's table that breaks its rules is refused") {
  refused(Bytes(23, 0));                                                       // no end
  refused(table_of({{kVcek, 24, 4}}, "vcek"));                                 // no end
  refused(table_of({{kVcek, 48, 5}, {kZero, 0, 0}}, "vcek"));                  // behind the end
  refused(table_of({{kVcek, 0xffffffff, 4}, {kZero, 0, 0}}, "vcek"));          // wraps in 32 bits
  refused(table_of({{kVcek, 48, 0xfffffff0}, {kZero, 0, 0}}, "vcek"));         // wraps in 32 bits
  refused(table_of({{kVcek, 24, 4}, {kZero, 0, 0}}, "vcek"));                  // over the list
  refused(table_of({{kVcek, 48, 0}, {kZero, 0, 0}}, "vcek"));                  // empty
  refused(table_of({{kVcek, 72, 2}, {kVcek, 74, 2}, {kZero, 0, 0}}, "vcek"));  // twice
  refused(table_of({{kVcek, 72, 3}, {kVlek, 74, 2}, {kZero, 0, 0}}, "vcek"));  // overlap
  refused(Bytes(kMaxCertificateTable + 1, 0));
}

TEST_CASE("every prefix of a table is refused, or has lost nothing but padding") {
  const Bytes whole = table_of({{kVcek, 72, 4}, {kVlek, 76, 4}, {kZero, 0, 0}}, "vcekvlek");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    refused(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}
