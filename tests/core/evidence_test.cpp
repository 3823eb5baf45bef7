#include <ratls/core/evidence.h>

#include <ratls/core/cbor.h>

#include "check.h"

using namespace ratls;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;
constexpr std::string_view kReportType = "application/vnd.amd.sev-snp.attestation-report";
constexpr std::string_view kCertType = "application/pkix-cert";
constexpr std::string_view kClaimsType = "application/vnd.ratls.claims+cbor";
constexpr std::string_view kCrlType = "application/pkix-crl";
constexpr std::string_view kPathType = "application/vnd.ratls.path+cbor";

struct Record {
  std::uint64_t key;
  std::string_view type;
  Bytes value;
  std::uint64_t ind;
};

std::vector<Record> full_records() {
  return {{1, kReportType, Bytes(kSnpReportSize, 0x11), 4},
          {2, kCertType, Bytes(20, 0x22), 2},
          {3, kClaimsType, Bytes(30, 0x33), 4},
          {4, kCrlType, Bytes(40, 0x44), 2},
          {5, kPathType, Bytes(50, 0x55), 4}};
}

Bytes encode(const std::vector<Record>& records) {
  cbor::Writer out;
  out.map(records.size());
  for (const Record& record : records) {
    out.uint(record.key).array(3).text(record.type).bytes(record.value).uint(record.ind);
  }
  return std::move(out).take();
}

bool refused(ByteView cbor) {
  return test::refused(EvidenceEnvelope::decode(cbor), kWhy);
}

EvidenceEnvelope full() {
  EvidenceEnvelope out;
  out.report = Bytes(kSnpReportSize, 0x11);
  out.endorsement = Bytes(20, 0x22);
  out.claims = Bytes(30, 0x33);
  out.crl = Bytes(40, 0x44);
  out.path = Bytes(50, 0x55);
  return out;
}

}  // namespace

TEST_CASE("evidence is encoded as the protocol writes it") {
  CHECK(full().encode().value() == encode(full_records()));
  const Bytes bytes = full().encode().value();
  // {1: ["application/vnd.amd.sev-snp.attestation-report", h'11...', 4], ...
  CHECK(to_hex(ByteView(bytes).first(5)) == "a50183782e");
  CHECK(to_hex(ByteView(bytes).subspan(51, 4)) == "5904a011");
}

TEST_CASE("every choice of optional records survives its encoding") {
  for (unsigned choice = 0; choice < 8; ++choice) {
    EvidenceEnvelope evidence = full();
    if ((choice & 1U) != 0) evidence.endorsement.reset();
    if ((choice & 2U) != 0) evidence.crl.reset();
    if ((choice & 4U) != 0) evidence.path.reset();
    const auto encoded = evidence.encode();
    REQUIRE(encoded);
    const auto decoded = EvidenceEnvelope::decode(*encoded);
    REQUIRE(decoded);
    CHECK(decoded->report == evidence.report);
    CHECK(decoded->endorsement == evidence.endorsement);
    CHECK(decoded->claims == evidence.claims);
    CHECK(decoded->crl == evidence.crl);
    CHECK(decoded->path == evidence.path);
    CHECK(decoded->encode().value() == *encoded);
  }
}

TEST_CASE("evidence without a whole report or without claims is not encoded") {
  for (const std::size_t size : {0U, 1U, 1183U, 1185U, 4000U}) {
    EvidenceEnvelope evidence = full();
    evidence.report.resize(size);
    CHECK(test::refused(evidence.encode(), kWhy));
    CHECK(test::refused(evidence.encode_extension(), kWhy));
  }
  EvidenceEnvelope evidence = full();
  evidence.claims.clear();
  CHECK(test::refused(evidence.encode(), kWhy));
}

TEST_CASE("evidence of exactly 8 KB is carried and one byte more is not") {
  EvidenceEnvelope evidence = full();
  evidence.endorsement = Bytes(6000);
  const std::size_t room = kMaxEvidenceSize - evidence.encode().value().size();
  evidence.endorsement->resize(6000 + room);
  const Bytes largest = evidence.encode().value();
  REQUIRE(largest.size() == kMaxEvidenceSize);
  CHECK(EvidenceEnvelope::decode(largest));
  CHECK(EvidenceEnvelope::decode_extension(evidence.encode_extension().value()));
  evidence.endorsement->push_back(0);
  CHECK(test::refused(evidence.encode(), kWhy));
  auto records = full_records();
  records[1].value = *evidence.endorsement;
  const Bytes larger = encode(records);
  REQUIRE(larger.size() == kMaxEvidenceSize + 1);
  CHECK(refused(larger));
}

TEST_CASE("a missing report or missing claims are noticed; other records may be missing") {
  for (std::size_t i = 0; i < 5; ++i) {
    auto records = full_records();
    const std::uint64_t key = records[i].key;
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(i));
    CAPTURE(key);
    CHECK(refused(encode(records)) == (key == 1 || key == 3));
  }
  CHECK(refused(hex("a0")));
  CHECK(refused({}));
}

TEST_CASE("each record twice is refused, and so are records out of order") {
  for (std::size_t i = 0; i < 5; ++i) {
    auto twice = full_records();
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), full_records()[i]);
    CHECK(refused(encode(twice)));
    auto swapped = full_records();
    std::swap(swapped[i], swapped[(i + 1) % 5]);
    CHECK(refused(encode(swapped)));
  }
}

TEST_CASE("each record with another media type is refused") {
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string original(full_records()[i].type);
    for (const std::string& other : {std::string(), std::string("application/pkix-pkipath"),
                                     original + "x", original.substr(1), "A" + original.substr(1),
                                     std::string(full_records()[(i + 1) % 5].type)}) {
      auto records = full_records();
      records[i].type = other;
      CAPTURE(original, other);
      CHECK(refused(encode(records)));
    }
  }
}

TEST_CASE("each record with another ind is refused") {
  for (std::size_t i = 0; i < 5; ++i) {
    for (const std::uint64_t ind : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 8U, 255U, 260U}) {
      auto records = full_records();
      const bool same = ind == records[i].ind;
      records[i].ind = ind;
      CHECK(refused(encode(records)) == !same);
    }
  }
}

TEST_CASE("a record that version 1 does not know is refused") {
  for (const std::uint64_t key : {0U, 6U, 23U, 24U, 255U, 256U, 257U}) {
    auto records = full_records();
    const Record unknown{key, kCertType, Bytes(4), 2};
    records.insert(key == 0 ? records.begin() : records.end(), unknown);
    CHECK(refused(encode(records)));
  }
}

TEST_CASE("a text key is refused") {
  Bytes bytes = encode(full_records());
  bytes[0] = 0xA6;
  append(bytes, hex("6161 00"));
  CHECK(refused(bytes));
}

TEST_CASE("a record of another shape is refused") {
  for (const std::string_view record :
       {"00", "80", "a0", "4100", "82 6161 4100", "84 6161 4100 04 00", "83 4161 4100 04"}) {
    CAPTURE(record);
    for (const std::string_view key : {"01", "02", "03", "04", "05"}) {
      CHECK(refused(hex("a1" + std::string(key) + std::string(record))));
    }
  }
  cbor::Writer no_bytes;
  no_bytes.map(1).uint(1).array(3).text(kReportType).text(std::string(kSnpReportSize, 'a')).uint(4);
  CHECK(refused(std::move(no_bytes).take()));
  cbor::Writer no_ind;
  no_ind.map(1).uint(1).array(3).text(kReportType).bytes(Bytes(kSnpReportSize)).text("4");
  CHECK(refused(std::move(no_ind).take()));
}

TEST_CASE("a report of another size than 1184 is refused") {
  for (const std::size_t size : {0U, 1U, 1183U, 1185U, 4000U}) {
    auto records = full_records();
    records[0].value.resize(size);
    CHECK(refused(encode(records)));
  }
}

TEST_CASE("every prefix of evidence, and one byte more, is refused") {
  Bytes whole = encode(full_records());
  REQUIRE(EvidenceEnvelope::decode(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (!refused(ByteView(whole).first(size))) FAIL("prefix of " << size);
  }
  whole.push_back(0);
  CHECK(refused(whole));
}
