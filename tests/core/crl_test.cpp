#include <ratls/core/crl.h>

#include <ratls/core/der.h>

#include "certificate_parts.h"
#include "check.h"

using namespace ratls;
using test::CrlParts;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::crl_stale;

bool refused(ByteView der) {
  return test::refused(Crl::parse(der, kWhy), kWhy);
}

Crl parse(const CrlParts& parts) {
  auto out = Crl::parse(parts.der(), kWhy);
  if (!out) FAIL(out.error().message());
  return std::move(out).value();
}

// [0] { SEQUENCE of one extension }
Bytes tagged_extension(std::string_view oid, bool critical) {
  const Bytes all = der::sequence({test::extension(oid, hex("020101"), critical)});
  return der::explicit_tag(0, all);
}

Bytes extensions_of(const std::vector<Bytes>& extensions) {
  Bytes all;
  for (const Bytes& extension : extensions) append(all, extension);
  return der::explicit_tag(0, der::tlv(0x30, all));
}

}  // namespace

TEST_CASE("every field of a revocation list is read as it stands") {
  CrlParts parts;
  parts.serials = {der::integer(7)};
  const Crl crl = parse(parts);
  CHECK(equal_ct(crl.tbs(), parts.tbs()));
  CHECK(equal_ct(crl.issuer(), parts.issuer));
  CHECK(crl.issuer_cn() == "ARK-Test");
  CHECK(equal_ct(crl.signature(), Bytes(512, 0x5A)));
  CHECK(crl.this_update() == Timestamp{1700000000});
  CHECK(crl.next_update() == Timestamp{1800000000});
}

TEST_CASE("the first common name of the issuer counts, as in a certificate") {
  CrlParts parts;
  const Bytes first = der::sequence({der::oid("2.5.4.3"), der::utf8_string("first")});
  const Bytes second = der::sequence({der::oid("2.5.4.3"), der::utf8_string("second")});
  parts.issuer = der::sequence({der::set({first}), der::set({second})});
  CHECK(parse(parts).issuer_cn() == "first");
}

TEST_CASE("a serial is found whatever its leading zeros, and no other is") {
  CrlParts parts;
  parts.serials = {der::integer(7), der::integer(hex("80112233")), der::integer(hex("00"))};
  const Crl crl = parse(parts);
  CHECK(crl.lists(hex("07")));
  CHECK(crl.lists(hex("000007")));
  CHECK(crl.lists(hex("80112233")));
  CHECK(crl.lists(hex("0080112233")));
  CHECK(crl.lists(hex("00")));
  CHECK_FALSE(crl.lists(hex("08")));
  CHECK_FALSE(crl.lists(hex("0700")));
  CHECK_FALSE(crl.lists(hex("801122")));
  CHECK_FALSE(crl.lists(hex("8011223300")));
}

TEST_CASE("the list's number is read as a number") {
  CHECK_FALSE(parse(CrlParts()).number());
  const auto number = [](const Bytes& encoded) {
    CrlParts parts;
    parts.extensions = extensions_of({test::extension("2.5.29.20", encoded)});
    return parse(parts).number();
  };
  CHECK(number(der::integer(0)) == Bytes{});
  CHECK(number(der::integer(7)) == hex("07"));
  CHECK(number(der::integer(0x80)) == hex("80"));
  CHECK(number(der::integer(70000)) == hex("011170"));
  CHECK(number(der::integer(Bytes(20, 0xff))) == Bytes(20, 0xff));
}

TEST_CASE("a list's number in another form, too long, or twice is refused") {
  const auto refused_with = [](const std::vector<Bytes>& extensions) {
    CrlParts parts;
    parts.extensions = extensions_of(extensions);
    return refused(parts.der());
  };
  for (const char* wrong : {"", "02", "0200", "0201", "020180", "02020007", "0201070a", "0401ff",
                            "028101070a", "02810107", "0202ffff"}) {
    INFO(wrong);
    CHECK(refused_with({test::extension("2.5.29.20", hex(wrong))}));
  }
  CHECK(refused_with({test::extension("2.5.29.20", der::integer(Bytes(21, 0x7f)))}));
  CHECK(refused_with(
      {test::extension("2.5.29.20", hex("020107")), test::extension("2.5.29.20", hex("020107"))}));
  CHECK_FALSE(refused_with({test::extension("1.3.6.1.4.1.3704.9.9", hex("020180")),
                            test::extension("2.5.29.20", hex("020107"))}));
}

TEST_CASE("numbers of lists are compared as numbers") {
  CHECK(compare_crl_numbers(hex("07"), hex("08")) < 0);
  CHECK(compare_crl_numbers(hex("ff"), hex("0100")) < 0);
  CHECK(compare_crl_numbers({}, hex("01")) < 0);
  CHECK(compare_crl_numbers(hex("0200"), hex("01ff")) > 0);
  CHECK(compare_crl_numbers(hex("0102"), hex("0102")) == 0);
}

TEST_CASE("an empty list lists nothing") {
  const Crl crl = parse(CrlParts());
  CHECK_FALSE(crl.lists(hex("00")));
  CHECK_FALSE(crl.lists({}));
  CHECK_FALSE(crl.lists(hex("07")));
}

TEST_CASE("a list of many serials is read whole") {
  CrlParts parts;
  for (std::uint64_t i = 0; i < 1000; ++i) parts.serials.push_back(der::integer(i * 3));
  const Crl crl = parse(parts);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const Bytes serial{static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
    if (crl.lists(serial) != (i % 3 == 0)) FAIL(i);
  }
}

TEST_CASE("nothing, every prefix and every byte more is refused") {
  Bytes der = CrlParts().der();
  for (std::size_t size = 0; size < der.size(); ++size) {
    if (!refused(ByteView(der).first(size))) FAIL("prefix of " << size);
  }
  Bytes twice = der;
  append(twice, der);
  CHECK(refused(twice));
  der.push_back(0);
  CHECK(refused(der));
  CHECK(refused(as_bytes(test::pem("X509 CRL", CrlParts().der()))));
}

TEST_CASE("a list of more than 64 KiB is refused") {
  CrlParts parts;
  parts.signature = der::bit_string(Bytes(Crl::kMaxSize));
  const auto result = Crl::parse(parts.der(), kWhy);
  REQUIRE(test::refused(result, kWhy));
  CHECK(result.error().detail() == "a revocation list of more than 64 KiB");
}

TEST_CASE("a list signed in another form than AMD's is refused") {
  for (const Bytes& algorithm : {test::pss_algorithm(test::kSha384, test::kSha384, 32),
                                 test::pss_algorithm(test::kSha384, test::kSha256, 48),
                                 test::pss_algorithm(test::kSha256, test::kSha256, 48),
                                 der::sequence({der::oid("1.2.840.113549.1.1.12"), der::null()}),
                                 der::sequence({der::oid("1.2.840.10045.4.3.3")})}) {
    CrlParts parts;
    parts.algorithm = algorithm;
    CHECK(refused(parts.der()));
  }
}

TEST_CASE("a list must say when it was made and when the next one comes") {
  CrlParts parts;
  parts.next_update.clear();
  const auto result = Crl::parse(parts.der(), kWhy);
  REQUIRE(test::refused(result, kWhy));
  CHECK(result.error().detail() == "nextUpdate is missing or not a date that exists");
  parts = CrlParts();
  parts.this_update.clear();
  parts.next_update.clear();
  CHECK(refused(parts.der()));
  parts = CrlParts();
  parts.this_update = der::tlv(0x17, as_bytes("230229000000Z"));
  CHECK(refused(parts.der()));
}

TEST_CASE("an unknown extension is refused exactly where it is critical") {
  CrlParts parts;
  parts.extensions = tagged_extension("2.5.29.20", false);
  CHECK_FALSE(refused(parts.der()));
  parts.extensions = tagged_extension("1.3.6.1.4.1.3704.9.9", false);
  CHECK_FALSE(refused(parts.der()));
  parts.extensions = tagged_extension("1.3.6.1.4.1.3704.9.9", true);
  CHECK(refused(parts.der()));
}

TEST_CASE("parts of the wrong shape are refused in a list too") {
  const auto refused_with = [](auto change) {
    CrlParts parts;
    change(parts);
    return refused(parts.der());
  };
  CHECK(refused_with([](auto& p) { p.version = der::integer(2); }));
  CHECK(refused_with([](auto& p) { p.issuer = der::null(); }));
  CHECK(refused_with([](auto& p) { p.signature = der::null(); }));
  CHECK(refused_with([](auto& p) { p.serials = {der::null()}; }));
  CHECK(refused_with([](auto& p) { p.algorithm = der::sequence({}); }));
  const CrlParts parts;
  const Bytes other = test::pss_algorithm(test::kSha384, test::kSha384, 32);
  CHECK(refused(der::sequence({parts.tbs(), other, parts.signature})));
}

TEST_CASE("a flipped bit in a list is refused or shows in its fields") {
  CrlParts parts;
  parts.serials = {der::integer(7)};
  parts.signature = der::bit_string(Bytes(64, 0x5A));
  const Bytes der = parts.der();
  for (std::size_t bit = 0; bit < der.size() * 8; ++bit) {
    const Bytes flipped = test::with_bit_flipped(der, bit);
    const auto crl = Crl::parse(flipped, kWhy);
    if (!crl) continue;
    const bool same =
        equal_ct(crl->tbs(), parts.tbs()) && equal_ct(crl->signature(), Bytes(64, 0x5A));
    if (same) FAIL("bit " << bit);
  }
}
