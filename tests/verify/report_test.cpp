// The report parser: every field of genuine reports, and one refusal for each rule.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/snp_report.h>
#include <ratls/verify/inspect.h>
#include <ratls/verify/snp/detail/report.h>

#include "tests/verify/genuine.h"

namespace ratls::snp::detail {

namespace {

using test::GenuineCase;

std::uint64_t number(const nlohmann::json& hex) {
  return std::stoull(hex.get<std::string>(), nullptr, 16);
}

void check_tcb(const Tcb& got, const nlohmann::json& want) {
  CHECK(got.fmc.has_value() == want.contains("fmc"));
  if (got.fmc) CHECK(*got.fmc == want.at("fmc"));
  CHECK(got.bootloader == want.at("bl"));
  CHECK(got.tee == want.at("tee"));
  CHECK(got.snp == want.at("snp"));
  CHECK(got.microcode == want.at("ucode"));
}

void check_numbers(const Report& report, const nlohmann::json& fields) {
  CHECK(report.version == fields.at("version"));
  CHECK(report.guest_svn == fields.at("guest_svn"));
  CHECK(report.policy.raw == number(fields.at("policy")));
  CHECK(report.vmpl == fields.at("vmpl"));
  CHECK(report.platform_info.raw == number(fields.at("platform_info")));
  CHECK(report.author_key_enabled == (fields.at("author_key_en") == 1));
  CHECK(name(report.signing_key) == fields.at("signing_key").get<std::string>());
  CHECK(report.current_firmware.text() == fields.at("current_ver").get<std::string>());
  CHECK(report.committed_firmware.text() == fields.at("committed_ver").get<std::string>());
  CHECK(report.launch_mitigations == number(fields.at("launch_mit")));
  CHECK(report.current_mitigations == number(fields.at("current_mit")));
}

void check_bytes(const Report& report, const nlohmann::json& fields) {
  CHECK(report.family_id.hex() == fields.at("family_id"));
  CHECK(report.image_id.hex() == fields.at("image_id"));
  CHECK(report.report_data.hex() == fields.at("report_data"));
  CHECK(report.measurement.hex() == fields.at("measurement"));
  CHECK(report.host_data.hex() == fields.at("host_data"));
  CHECK(report.id_key_digest.hex() == fields.at("id_key_digest"));
  CHECK(report.author_key_digest.hex() == fields.at("author_key_digest"));
  CHECK(report.report_id.hex() == fields.at("report_id"));
  CHECK(report.report_id_ma.hex() == fields.at("report_id_ma"));
  CHECK(report.chip_id.hex() == fields.at("chip_id"));
}

Bytes genuine_report(const std::string& name = "turin/v5-vcek-microsoft") {
  return test::genuine_case(name).report;
}

std::string refusal(ByteView bytes) {
  const auto report = parse_report(bytes);
  return report ? "accepted" : std::string(code(report.error().reason()));
}

// What a byte written at an offset of a genuine report is refused for.
struct Row {
  const char* what;
  std::size_t offset;
  std::uint8_t value;
  const char* reason;
};

}  // namespace

TEST_CASE("every field of every genuine report is read as its expected.json says") {
  int seen = 0;
  for (const GenuineCase& genuine : test::genuine_cases()) {
    INFO(genuine.name);
    const auto report = parse_report(genuine.report);
    REQUIRE(report);
    const auto& fields = genuine.expected.at("fields");
    check_numbers(*report, fields);
    check_bytes(*report, fields);
    CHECK(to_hex(report_data_in(genuine.report)) == fields.at("report_data"));
    check_tcb(report->current_tcb, fields.at("current_tcb"));
    check_tcb(report->reported_tcb, fields.at("reported_tcb"));
    check_tcb(report->committed_tcb, fields.at("committed_tcb"));
    check_tcb(report->launch_tcb, fields.at("launch_tcb"));
    CHECK(report->product.has_value() == (report->version > 2));
    if (report->product) CHECK(name(*report->product) == genuine.product());
    ++seen;
  }
  CHECK(seen == 32);
}

TEST_CASE("each rule about a report's shape refuses with its own reason") {
  const Row row = GENERATE(Row{"version 0", 0x000, 0, "unsupported_version"},
                           Row{"version 1", 0x000, 1, "unsupported_version"},
                           Row{"version 6", 0x000, 6, "unsupported_version"},
                           Row{"version 5 in the wrong byte", 0x003, 1, "unsupported_version"},
                           Row{"POLICY bit 17 clear", 0x00a, 0x01, "malformed_report"},
                           Row{"POLICY bit 26", 0x00b, 0x04, "malformed_report"},
                           Row{"POLICY bit 63", 0x00f, 0x80, "malformed_report"},
                           Row{"VMPL 4", 0x030, 4, "malformed_report"},
                           Row{"SIGNATURE_ALGO 0", 0x034, 0, "unsupported_algorithm"},
                           Row{"SIGNATURE_ALGO 2", 0x034, 2, "unsupported_algorithm"},
                           Row{"CURRENT_TCB reserved", 0x03c, 1, "malformed_report"},
                           Row{"MASK_CHIP_KEY", 0x048, 0x02, "unsigned_report"},
                           Row{"SIGNING_KEY 2", 0x048, 0x08, "malformed_report"},
                           Row{"SIGNING_KEY 6", 0x048, 0x18, "malformed_report"},
                           Row{"SIGNING_KEY none", 0x048, 0x1c, "unsigned_report"},
                           Row{"KEY_INFO bit 5", 0x048, 0x20, "malformed_report"},
                           Row{"KEY_INFO bit 31", 0x04b, 0x80, "malformed_report"},
                           Row{"reserved 0x4c", 0x04c, 1, "malformed_report"},
                           Row{"REPORTED_TCB reserved", 0x184, 1, "malformed_report"},
                           Row{"CPUID family 0x18", 0x188, 0x18, "unsupported_product"},
                           Row{"CPUID of Venice", 0x189, 0x50, "unsupported_product"},
                           Row{"reserved 0x18b", 0x18b, 1, "malformed_report"},
                           Row{"reserved 0x19f", 0x19f, 1, "malformed_report"},
                           Row{"COMMITTED_TCB reserved", 0x1e6, 1, "malformed_report"},
                           Row{"reserved 0x1eb", 0x1eb, 1, "malformed_report"},
                           Row{"reserved 0x1ef", 0x1ef, 1, "malformed_report"},
                           Row{"LAUNCH_TCB reserved", 0x1f5, 1, "malformed_report"},
                           Row{"reserved 0x208", 0x208, 1, "malformed_report"},
                           Row{"reserved 0x29f", 0x29f, 1, "malformed_report"},
                           Row{"padding of R", 0x2a0 + 48, 1, "malformed_report"},
                           Row{"last padding of R", 0x2a0 + 71, 1, "malformed_report"},
                           Row{"padding of S", 0x2a0 + 120, 1, "malformed_report"},
                           Row{"last padding of S", 0x2a0 + 143, 1, "malformed_report"},
                           Row{"signature tail", 0x2a0 + 144, 1, "malformed_report"},
                           Row{"last byte", 0x49f, 1, "malformed_report"});
  Bytes report = genuine_report();
  report[row.offset] = row.value;
  INFO(row.what);
  CHECK(refusal(report) == row.reason);
}

TEST_CASE("a report that the host requested is refused as such") {
  Bytes report = genuine_report();
  for (std::size_t i = 0x30; i < 0x34; ++i) report[i] = 0xff;
  CHECK(refusal(report) == "host_requested_report");
}

TEST_CASE("bytes that version 5 gives a meaning must be zero before it") {
  for (const std::uint32_t version : {3U, 4U}) {
    Bytes report = genuine_report();
    report[0] = static_cast<std::uint8_t>(version);
    CHECK(refusal(report) == "malformed_report");
    for (std::size_t i = 0x1f8; i < 0x208; ++i) report[i] = 0;
    CHECK(refusal(report) == "accepted");
  }
}

TEST_CASE("a version 2 report with a CPUID is refused") {
  Bytes report = genuine_report("milan/v2-vcek-trustee");
  report[0x188] = 0x19;
  CHECK(refusal(report) == "malformed_report");
}

TEST_CASE("a version 2 report with Turin's short CHIP_ID is refused, one without a chip is not") {
  Bytes report = genuine_report("milan/v2-vcek-trustee");
  for (std::size_t i = 0x1a8; i < 0x1e0; ++i) report[i] = 0;
  CHECK(refusal(report) == "unsupported_product");
  for (std::size_t i = 0x1a0; i < 0x1a8; ++i) report[i] = 0;
  CHECK(refusal(report) == "accepted");
}

TEST_CASE("unknown PLATFORM_INFO bits are tolerated and shown") {
  Bytes report = genuine_report();
  report[0x47] = 0x80;
  const auto parsed = parse_report(report);
  REQUIRE(parsed);
  CHECK(parsed->platform_info.unknown() == 0x8000000000000000ULL);
  CHECK(inspect_report_text(report)->find("unknown bits 0x8000000000000000") != std::string::npos);
}

TEST_CASE("every CPUID maps to the product that AMD gives it, or to none") {
  CHECK(product_of(0x19, 0x00) == Product::milan);
  CHECK(product_of(0x19, 0x0f) == Product::milan);
  CHECK(product_of(0x19, 0x10) == Product::genoa);
  CHECK(product_of(0x19, 0x1f) == Product::genoa);
  CHECK(product_of(0x19, 0x20) == std::nullopt);
  CHECK(product_of(0x19, 0x9f) == std::nullopt);
  CHECK(product_of(0x19, 0xa0) == Product::bergamo_siena);
  CHECK(product_of(0x19, 0xaf) == Product::bergamo_siena);  // snpguest leaves 0xaf out
  CHECK(product_of(0x19, 0xb0) == std::nullopt);
  CHECK(product_of(0x1a, 0x00) == Product::turin);
  CHECK(product_of(0x1a, 0x11) == Product::turin);
  CHECK(product_of(0x1a, 0x12) == std::nullopt);
  for (const int venice : {0x50, 0x57, 0x90, 0x9f, 0xa0, 0xaf, 0xc0, 0xc7}) {
    CHECK(product_of(0x1a, static_cast<std::uint8_t>(venice)) == std::nullopt);
  }
  CHECK(product_of(0x17, 0x31) == std::nullopt);
}

TEST_CASE("every prefix of a report and every extension is refused") {
  Bytes report = genuine_report();
  for (std::size_t size = 0; size < report.size(); ++size) {
    CHECK(refusal(ByteView(report).first(size)) == "malformed_report");
  }
  report.push_back(0);
  CHECK(refusal(report) == "malformed_report");
}

TEST_CASE("a file of another kind is named for what it looks like") {
  const auto detail = [](ByteView bytes) { return parse_report(bytes).error().detail(); };
  CHECK(detail(Bytes(4000)).find("snp_report_resp") != std::string::npos);
  CHECK(detail(Bytes(2600)).find("Azure") != std::string::npos);
  CHECK(detail(as_bytes("-----BEGIN CERTIFICATE-----")).find("PEM") != std::string::npos);
  CHECK(detail(as_bytes(std::string(2368, 'a'))).find("hex") != std::string::npos);
  CHECK(detail(Bytes(7)) == "7 bytes instead of 1184");
}

TEST_CASE("an inspected report says first and last that nothing was verified") {
  const Bytes report = genuine_report();
  const std::string text = *inspect_report_text(report);
  CHECK(text.starts_with("NOT VERIFIED"));
  CHECK(text.rfind("NOT VERIFIED") > text.size() - 60);
  const auto json = nlohmann::json::parse(*inspect_report_json(report));
  CHECK(json.at("verified") == false);
  CHECK(json.at("report").at("reported_tcb").at("fmc") == 1);
  CHECK(json.at("report").at("product") == "turin");
  CHECK_FALSE(inspect_report_json(Bytes(3)));
  CHECK_FALSE(inspect_report_text(Bytes(3)));
  const auto v2 =
      nlohmann::json::parse(*inspect_report_json(genuine_report("milan/v2-vcek-trustee")));
  CHECK(v2.at("report").at("product").is_null());
  CHECK(v2.at("report").at("cpuid").is_null());
}

}  // namespace ratls::snp::detail
