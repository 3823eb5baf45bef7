// Every bit of a genuine report, and every bit of a genuine certificate, flipped.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/verifier.h>

#include "tests/verify/genuine.h"

namespace ratls {

namespace {

using test::GenuineCase;

struct Field {
  std::size_t begin;
  std::size_t end;
  std::vector<Reason> reasons;  ///< any of these
};

// The reasons that a flipped bit of each group of bytes may be refused for, in a version 5 report
// of Turin. What is only signed is signature_invalid; what a cheaper check sees first is that.
const std::vector<Field>& fields() {
  using enum Reason;
  static const std::vector<Field> list{
      {0x000, 0x004, {unsupported_version, malformed_report}},  // a flip to 4 leaves MIT_VECTORs
      {0x004, 0x008, {signature_invalid}},
      {0x008, 0x010, {signature_invalid, malformed_report}},
      {0x010, 0x030, {signature_invalid}},
      {0x030, 0x034, {signature_invalid, malformed_report}},
      {0x034, 0x038, {unsupported_algorithm}},
      {0x038, 0x040, {signature_invalid, malformed_report}},
      {0x040, 0x048, {signature_invalid}},
      {0x048, 0x04c, {signature_invalid, malformed_report, unsigned_report, signing_key_mismatch}},
      {0x04c, 0x050, {malformed_report}},
      {0x050, 0x180, {signature_invalid}},
      {0x180, 0x188, {tcb_mismatch, malformed_report}},
      {0x188, 0x18b, {unsupported_product, product_mismatch, signature_invalid, malformed_report}},
      {0x18b, 0x1a0, {malformed_report}},
      {0x1a0, 0x1e0, {chip_id_mismatch}},
      {0x1e0, 0x1e8, {signature_invalid, malformed_report}},
      {0x1e8, 0x1f0, {signature_invalid, malformed_report}},
      {0x1f0, 0x1f8, {signature_invalid, malformed_report}},
      {0x1f8, 0x208, {signature_invalid}},
      {0x208, 0x2a0, {malformed_report}},
      {0x2a0, 0x2d0, {signature_invalid}},
      {0x2d0, 0x2e8, {malformed_report}},
      {0x2e8, 0x318, {signature_invalid}},
      {0x318, 0x4a0, {malformed_report}},
  };
  return list;
}

bool expected(std::size_t offset, Reason reason) {
  for (const Field& field : fields()) {
    if (offset < field.begin || offset >= field.end) continue;
    return std::find(field.reasons.begin(), field.reasons.end(), reason) != field.reasons.end();
  }
  return false;
}

std::optional<Reason> refusal(const ReportFile& file, const Clock& clock) {
  return authenticate_report(file, clock).verdict.reason;
}

Bytes flipped(const Bytes& from, std::size_t bit) {
  Bytes out = from;
  out[bit / 8] = static_cast<std::uint8_t>(out[bit / 8] ^ (1U << (bit % 8)));
  return out;
}

}  // namespace

TEST_CASE("no report with one flipped bit is accepted, and each is refused for what the bit is") {
  const GenuineCase genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const FixedClock clock(genuine.inside());
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < genuine.report.size() * 8; ++bit) {
    const Bytes report = flipped(genuine.report, bit);
    ReportFile file = genuine.file();
    file.report = report;
    const auto reason = refusal(file, clock);
    if (reason && expected(bit / 8, *reason)) {
      ++refused;
      continue;
    }
    FAIL_CHECK("bit " << bit % 8 << " of byte " << bit / 8 << ": "
                      << (reason ? code(*reason) : "accepted"));
  }
  CHECK(refused == 9472);
}

TEST_CASE("no VCEK with one flipped bit is accepted") {
  const GenuineCase genuine = test::genuine_case("milan/v3-vcek-dstack");
  const FixedClock clock(genuine.inside());
  for (std::size_t bit = 0; bit < genuine.endorsement->size() * 8; ++bit) {
    const Bytes certificate = flipped(*genuine.endorsement, bit);
    ReportFile file = genuine.file();
    file.endorsement = ByteView(certificate);
    if (!refusal(file, clock)) FAIL_CHECK("bit " << bit % 8 << " of byte " << bit / 8);
  }
}

TEST_CASE("no VLEK with one flipped bit is accepted") {
  const GenuineCase genuine = test::genuine_case("milan/v3-vlek-aws-trustee");
  const FixedClock clock(genuine.inside());
  for (std::size_t bit = 0; bit < genuine.endorsement->size() * 8; ++bit) {
    const Bytes certificate = flipped(*genuine.endorsement, bit);
    ReportFile file = genuine.file();
    file.endorsement = ByteView(certificate);
    if (!refusal(file, clock)) FAIL_CHECK("bit " << bit % 8 << " of byte " << bit / 8);
  }
}

TEST_CASE("every prefix of a certificate, and one byte more, is refused") {
  const GenuineCase genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const FixedClock clock(genuine.inside());
  Bytes longer = *genuine.endorsement;
  longer.push_back(0);
  for (std::size_t size = 0; size <= longer.size(); ++size) {
    if (size == genuine.endorsement->size()) continue;
    ReportFile file = genuine.file();
    file.endorsement = ByteView(longer).first(size);
    CHECK(refusal(file, clock) == Reason::malformed_endorsement);
  }
}

}  // namespace ratls
