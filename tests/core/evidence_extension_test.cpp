#include <ratls/core/der.h>
#include <ratls/core/evidence.h>

#include "check.h"

using namespace ratls;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;

EvidenceEnvelope sample() {
  EvidenceEnvelope out;
  out.report = test::counting(kSnpReportSize);
  out.endorsement = test::counting(200, 7);
  out.claims = test::counting(120, 99);
  out.path = test::counting(60, 5);
  return out;
}

bool same(const EvidenceEnvelope& a, const EvidenceEnvelope& b) {
  return a.report == b.report && a.endorsement == b.endorsement && a.claims == b.claims &&
         a.crl == b.crl && a.path == b.path;
}

bool refused(ByteView extension) {
  return test::refused(EvidenceEnvelope::decode_extension(extension), kWhy);
}

}  // namespace

TEST_CASE("the extension is the evidence in an OCTET STRING") {
  const Bytes cbor = sample().encode().value();
  const Bytes extension = sample().encode_extension().value();
  CHECK(extension == der::octet_string(cbor));
  CHECK(same(EvidenceEnvelope::decode_extension(extension).value(), sample()));
}

TEST_CASE("unwrapping gives a view of the CBOR and decodes nothing") {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 5000U}) {
    const Bytes content = test::counting(size);
    const Bytes extension = der::octet_string(content);
    const auto inside = EvidenceEnvelope::unwrap_extension(extension);
    REQUIRE(inside);
    CHECK(equal_ct(*inside, content));
    CHECK(inside->data() == extension.data() + (extension.size() - size));
  }
}

TEST_CASE("every prefix of an extension is refused") {
  const Bytes whole = sample().encode_extension().value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (!refused(ByteView(whole).first(size))) FAIL("prefix of " << size);
  }
}

TEST_CASE("one byte more, after or before, is refused") {
  const Bytes whole = sample().encode_extension().value();
  for (unsigned extra = 0; extra < 256; ++extra) {
    Bytes longer = whole;
    longer.push_back(static_cast<std::uint8_t>(extra));
    CHECK(refused(longer));
    longer.pop_back();
    longer.insert(longer.begin(), static_cast<std::uint8_t>(extra));
    CHECK(refused(longer));
  }
  Bytes inside = sample().encode().value();
  inside.push_back(0);
  CHECK(refused(der::octet_string(inside)));
}

TEST_CASE("the JSON choice and every other tag are refused") {
  const Bytes cbor = sample().encode().value();
  CHECK(refused(der::utf8_string("{\"1\":[\"application/x\",\"AA\",4]}")));
  for (unsigned tag = 0; tag < 256; ++tag) {
    if (tag == 0x04) continue;
    CHECK(refused(der::tlv(static_cast<std::uint8_t>(tag), cbor)));
  }
}

TEST_CASE("lengths that DER does not allow are refused") {
  const Bytes cbor = sample().encode().value();
  const auto wrapped = [&](std::string_view header) {
    Bytes out = test::hex(header);
    append(out, cbor);
    return out;
  };
  const std::string size = to_hex(
      Bytes{static_cast<std::uint8_t>(cbor.size() >> 8U), static_cast<std::uint8_t>(cbor.size())});
  REQUIRE_FALSE(refused(wrapped("0482" + size)));
  CHECK(refused(wrapped("048300" + size)));
  CHECK(refused(wrapped("04840000" + size)));
  CHECK(refused(wrapped("0488000000000000" + size)));
  CHECK(refused(wrapped("0480")));
  CHECK(refused(wrapped("04ff" + size)));
  CHECK(refused(wrapped("0482ffff")));
  CHECK(refused(wrapped("0484ffffffff")));
  CHECK(refused(wrapped("2482" + size)));
  // Short contents in the long form.
  CHECK(test::refused(EvidenceEnvelope::unwrap_extension(test::hex("048101 00")), kWhy));
  CHECK(test::refused(EvidenceEnvelope::unwrap_extension(test::hex("04820001 00")), kWhy));
}

TEST_CASE("an extension larger than any evidence is refused before it is read") {
  const Bytes huge = der::octet_string(Bytes(kMaxEvidenceSize + 5));
  const auto result = EvidenceEnvelope::unwrap_extension(huge);
  REQUIRE(test::refused(result, kWhy));
  CHECK(result.error().detail() == "the extension is too large");
  CHECK(EvidenceEnvelope::unwrap_extension(der::octet_string(Bytes(kMaxEvidenceSize))));
}

TEST_CASE("a flipped bit anywhere is refused, or is other evidence in its only encoding") {
  const Bytes whole = sample().encode_extension().value();
  const EvidenceEnvelope original = sample();
  std::size_t carried = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    const Bytes flipped = test::with_bit_flipped(whole, bit);
    const auto decoded = EvidenceEnvelope::decode_extension(flipped);
    if (!decoded) {
      if (decoded.error().reason() != kWhy) FAIL("bit " << bit);
      continue;
    }
    ++carried;
    if (same(*decoded, original)) FAIL("bit " << bit << " changes nothing");
    if (decoded->encode_extension().value() != flipped) FAIL("bit " << bit << " re-encodes");
  }
  // Exactly the bits of the values get through; all of the framing is checked.
  CHECK(carried == (kSnpReportSize + 200 + 120 + 60) * 8);
}
