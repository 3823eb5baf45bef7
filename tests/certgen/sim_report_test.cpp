#include <ratls/certgen/sim/report.h>

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

#include "../support/files.h"
#include "../support/sim_folder.h"

using namespace ratls;
using namespace ratls::sim;

namespace {

ReportData data() {
  ReportData out;
  for (std::size_t i = 0; i < 64; ++i) out.mutable_view()[i] = static_cast<std::uint8_t>(i + 1);
  return out;
}

template <class Fixed>
Fixed filled(std::uint8_t value) {
  Fixed out;
  std::fill(out.mutable_view().begin(), out.mutable_view().end(), value);
  return out;
}

ByteView at(const Bytes& report, std::size_t offset, std::size_t size) {
  return ByteView(report).subspan(offset, size);
}

std::uint64_t number(const Bytes& report, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8) | report[offset + i];
  return value;
}

bool all(ByteView bytes, std::uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t b) { return b == value; });
}

AttestationKey key() {
  auto authority = test::open_authority();
  auto made = authority.vcek_key(Product::milan, ChipId{}, Tcb{});
  REQUIRE(made.has_value());
  return std::move(made).value();
}

crypto::P384Scalar component(const Bytes& report, std::size_t offset) {
  Bytes little(at(report, offset, 48).begin(), at(report, offset, 48).end());
  std::reverse(little.begin(), little.end());
  return *crypto::P384Scalar::from(little);
}

bool verifies(const AttestationKey& signer, const Bytes& report) {
  return crypto::verify_p384(*crypto::P384Point::from(signer.point()),
                             crypto::sha384({at(report, 0, 0x2a0)}), component(report, 0x2a0),
                             component(report, 0x2a0 + 72))
      .has_value();
}

// Every field has a value of its own, so that a misplaced one shows.
ReportOptions distinct_fields() {
  ReportOptions options = report_of(Product::milan, filled<ChipId>(0xc1));
  options.firmware.current = {0, 11, 12, 13, 14};
  options.firmware.committed = {0, 21, 22, 23, 24};
  options.firmware.launch = {0, 31, 32, 33, 34};
  options.firmware.reported = {0, 41, 42, 43, 44};
  options.firmware.current_version = {1, 2, 3};
  options.firmware.committed_version = {4, 5, 6};
  options.firmware.platform_info = 0x25;
  options.firmware.launch_mitigations = 0x0102;
  options.firmware.current_mitigations = 0x0304;
  options.launch.guest_svn = 7;
  options.launch.policy = 0x3001f;
  options.launch.family_id = filled<Value16>(0xf1);
  options.launch.image_id = filled<Value16>(0x1a);
  options.launch.measurement = filled<Digest48>(0x3e);
  options.launch.host_data = filled<Value32>(0x4d);
  options.launch.id_key_digest = filled<Digest48>(0x1d);
  options.launch.author_key_digest = filled<Digest48>(0xad);
  options.launch.author_key_en = true;
  options.launch.report_id = filled<Value32>(0x1e);
  options.vmpl = 2;
  return options;
}

}  // namespace

TEST_CASE("the guest's half of a report has each field at AMD's offset") {
  const Bytes report = encode_report(distinct_fields(), data());
  REQUIRE(report.size() == kSignedSize);
  CHECK(number(report, 0x000, 4) == 5);
  CHECK(number(report, 0x004, 4) == 7);
  CHECK(number(report, 0x008, 8) == 0x3001f);
  CHECK(all(at(report, 0x010, 16), 0xf1));
  CHECK(all(at(report, 0x020, 16), 0x1a));
  CHECK(number(report, 0x030, 4) == 2);
  CHECK(number(report, 0x034, 4) == 1);
  CHECK(number(report, 0x038, 8) == 0x0e0d00000000'0c0bULL);
  CHECK(number(report, 0x040, 8) == 0x25);
  CHECK(number(report, 0x048, 4) == 1);
  CHECK(number(report, 0x04c, 4) == 0);
  CHECK(equal_ct(at(report, 0x050, 64), data().view()));
  CHECK(all(at(report, 0x090, 48), 0x3e));
  CHECK(all(at(report, 0x0c0, 32), 0x4d));
  CHECK(all(at(report, 0x0e0, 48), 0x1d));
  CHECK(all(at(report, 0x110, 48), 0xad));
  CHECK(all(at(report, 0x140, 32), 0x1e));
  CHECK(all(at(report, 0x160, 32), 0xff));
}

TEST_CASE("the machine's half of a report has each field at AMD's offset") {
  const Bytes report = encode_report(distinct_fields(), data());
  CHECK(number(report, 0x180, 8) == 0x2c2b00000000'2a29ULL);
  CHECK(number(report, 0x188, 3) == 0x010119);
  CHECK(all(at(report, 0x18b, 21), 0));
  CHECK(all(at(report, 0x1a0, 64), 0xc1));
  CHECK(number(report, 0x1e0, 8) == 0x181700000000'1615ULL);
  CHECK(number(report, 0x1e8, 4) == 0x00010203);
  CHECK(number(report, 0x1ec, 4) == 0x00040506);
  CHECK(number(report, 0x1f0, 8) == 0x222100000000'201fULL);
  CHECK(number(report, 0x1f8, 8) == 0x0102);
  CHECK(number(report, 0x200, 8) == 0x0304);
  CHECK(all(at(report, 0x208, 152), 0));
}

TEST_CASE("older report versions leave zero what they do not know") {
  ReportOptions options = distinct_fields();
  options.version = 2;
  const Bytes v2 = encode_report(options, data());
  CHECK(number(v2, 0x000, 4) == 2);
  CHECK(all(at(v2, 0x188, 24), 0));
  CHECK(all(at(v2, 0x1f8, 168), 0));
  for (const std::uint32_t version : {3U, 4U}) {
    options.version = version;
    const Bytes report = encode_report(options, data());
    CHECK(number(report, 0x188, 3) == 0x010119);
    CHECK(all(at(report, 0x1f8, 168), 0));
  }
}

TEST_CASE("each product's report carries its CPUID and its TCB layout") {
  struct Row {
    Product product;
    std::uint64_t cpuid;
  };
  for (const Row& row : {Row{Product::milan, 0x010119}, Row{Product::genoa, 0x011119},
                         Row{Product::bergamo_siena, 0x02a019}, Row{Product::turin, 0x01021a}}) {
    CAPTURE(name(row.product));
    const ReportOptions options = report_of(row.product, ChipId{});
    const Bytes report = encode_report(options, data());
    CHECK(number(report, 0x188, 3) == row.cpuid);
    const auto tcb = encode(row.product, options.firmware.reported);
    CHECK(equal_ct(at(report, 0x180, 8), tcb));
  }
}

TEST_CASE("KEY_INFO says which key signs and whether it is masked") {
  ReportOptions options = report_of(Product::milan, ChipId{});
  CHECK(number(encode_report(options, data()), 0x48, 4) == 0);
  options.signed_by = SignedBy::vlek;
  CHECK(number(encode_report(options, data()), 0x48, 4) == 4);
  options.mask_chip_key = true;
  CHECK(number(encode_report(options, data()), 0x48, 4) == 6);
  options.launch.author_key_en = true;
  CHECK(number(encode_report(options, data()), 0x48, 4) == 7);
}

TEST_CASE("a signed report verifies, with R and S little-endian and their padding zero") {
  const AttestationKey signer = key();
  for (int i = 0; i < 8; ++i) {
    const auto report = make_report(signer, distinct_fields(), data());
    REQUIRE(report.has_value());
    REQUIRE(report->size() == kSnpReportSize);
    CHECK(verifies(signer, *report));
    CHECK(all(at(*report, 0x2a0 + 48, 24), 0));
    CHECK(all(at(*report, 0x2a0 + 72 + 48, 24), 0));
    CHECK(all(at(*report, 0x2a0 + 144, 368), 0));
  }
}

TEST_CASE("no byte that is signed can be changed") {
  const AttestationKey signer = key();
  auto report = make_report(signer, distinct_fields(), data());
  REQUIRE(report.has_value());
  for (std::size_t i = 0; i < kSignedSize; i += 61) {
    (*report)[i] ^= 0x80;
    CHECK_FALSE(verifies(signer, *report));
    (*report)[i] ^= 0x80;
  }
  CHECK(verifies(signer, *report));
}

TEST_CASE("any bytes can be signed for a negative test, whole or without a signature") {
  const AttestationKey signer = key();
  for (const std::size_t size : {std::size_t{0x2a0}, kSnpReportSize}) {
    const auto report = sign_report(signer, Bytes(size, 0xee));
    REQUIRE(report.has_value());
    CHECK(all(at(*report, 0, 0x2a0), 0xee));
    CHECK(verifies(signer, *report));
  }
  for (const std::size_t size : {0U, 671U, 673U, 1183U, 1185U}) {
    const auto refused = sign_report(signer, Bytes(size, 0));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().reason() == Reason::malformed_report);
  }
}

TEST_CASE("a masked chip key leaves zeros for a signature") {
  ReportOptions options = distinct_fields();
  options.mask_chip_key = true;
  const auto report = make_report(key(), options, data());
  REQUIRE(report.has_value());
  REQUIRE(report->size() == kSnpReportSize);
  CHECK(all(at(*report, 0x2a0, 512), 0));
}

TEST_CASE("a report rebuilt from a genuine one's fields is that report, byte for byte") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("the folder with genuine evidence is absent");
  const auto genuine = test::read_file(*vectors + "/turin/v5-vcek-microsoft/report.bin");
  REQUIRE(genuine.has_value());
  ReportOptions options =
      report_of(Product::turin, *ChipId::from(at(*genuine, 0x1a0, ChipId::kSize)));
  options.launch.policy = 0x3001f;
  options.launch.guest_svn = 2;
  options.launch.family_id = *Value16::from(at(*genuine, 0x10, 16));
  options.launch.image_id = *Value16::from(at(*genuine, 0x20, 16));
  options.launch.measurement = *Digest48::from(at(*genuine, 0x90, 48));
  options.launch.host_data = *Value32::from(at(*genuine, 0xc0, 32));
  options.launch.id_key_digest = *Digest48::from(at(*genuine, 0xe0, 48));
  options.launch.report_id = *Value32::from(at(*genuine, 0x140, 32));
  const Bytes rebuilt = encode_report(options, *ReportData::from(at(*genuine, 0x50, 64)));
  CHECK(equal_ct(rebuilt, at(*genuine, 0, kSignedSize)));
}
