#include <ratls/core/der.h>

#include <csignal>

#include "../support/files.h"
#include "check.h"

using namespace ratls;
using test::hex;

TEST_CASE("a length takes the short form below 128 and then as few bytes as it needs") {
  const auto header = [](std::size_t size) {
    const Bytes out = der::octet_string(Bytes(size));
    return to_hex(ByteView(out).first(out.size() - size));
  };
  CHECK(header(0) == "0400");
  CHECK(header(1) == "0401");
  CHECK(header(127) == "047f");
  CHECK(header(128) == "048180");
  CHECK(header(255) == "0481ff");
  CHECK(header(256) == "04820100");
  CHECK(header(65535) == "0482ffff");
  CHECK(header(65536) == "0483010000");
}

TEST_CASE("simple types have their known bytes") {
  CHECK(der::null() == hex("05 00"));
  CHECK(der::boolean(true) == hex("01 01 ff"));
  CHECK(der::boolean(false) == hex("01 01 00"));
  CHECK(der::utf8_string("h\xC3\xA9") == hex("0c 03 68 c3 a9"));
  CHECK(der::printable_string("US") == hex("13 02 55 53"));
  CHECK(der::ia5_string("a@b") == hex("16 03 61 40 62"));
  CHECK(der::octet_string(hex("00ff")) == hex("04 02 00ff"));
  CHECK(der::bit_string(hex("80"), 7) == hex("03 02 07 80"));
  CHECK(der::bit_string({}) == hex("03 01 00"));
  CHECK(der::tlv(0x9F, hex("aa")) == hex("9f 01 aa"));
}

TEST_CASE("constructed types hold their items one after the other") {
  CHECK(der::sequence({}) == hex("30 00"));
  CHECK(der::sequence({der::null(), der::boolean(true)}) == hex("30 05 05 00 01 01 ff"));
  CHECK(der::set({der::null()}) == hex("31 02 05 00"));
  CHECK(der::explicit_tag(0, der::null()) == hex("a0 02 05 00"));
  CHECK(der::explicit_tag(3, der::null()) == hex("a3 02 05 00"));
}

TEST_CASE("an integer is minimal and never negative") {
  const std::vector<std::pair<std::uint64_t, std::string_view>> rows{
      {0, "020100"},       {1, "020101"},         {127, "02017f"},
      {128, "02020080"},   {255, "020200ff"},     {256, "02020100"},
      {32767, "02027fff"}, {32768, "0203008000"}, {UINT64_MAX, "020900ffffffffffffffff"},
  };
  for (const auto& [value, expected] : rows) CHECK(to_hex(der::integer(value)) == expected);
  CHECK(der::integer(ByteView{}) == hex("02 01 00"));
  CHECK(der::integer(hex("00")) == hex("02 01 00"));
  CHECK(der::integer(hex("000000")) == hex("02 01 00"));
  CHECK(der::integer(hex("00007f")) == hex("02 01 7f"));
  CHECK(der::integer(hex("000080")) == hex("02 02 00 80"));
  CHECK(der::integer(hex("ff00")) == hex("02 03 00 ff00"));
}

TEST_CASE("object identifiers have their known bytes") {
  // printf TEXT | openssl asn1parse -genstr OID:TEXT -noout -out -
  CHECK(der::oid("1.2.840.10045.2.1") == hex("06 07 2a8648ce3d0201"));
  CHECK(der::oid("1.2.840.10045.3.1.7") == hex("06 08 2a8648ce3d030107"));
  CHECK(der::oid("1.3.6.1.5.5.7.1.35") == hex("06 08 2b06010505070123"));
  CHECK(der::oid("1.3.6.1.4.1.3704.1.3.1") == hex("06 0a 2b060104019c78010301"));
  CHECK(der::oid("2.5.29.15") == hex("06 03 551d0f"));
  CHECK(der::oid("0.0") == hex("06 01 00"));
  CHECK(der::oid("1.39") == hex("06 01 4f"));
  CHECK(der::oid("2.999") == hex("06 02 8837"));
  CHECK(der::oid("2.5.128.16383.16384") == hex("06 08 55 8100 ff7f 818000"));
}

TEST_CASE("an object identifier that is none is a bug and aborts") {
  for (const std::string_view text :
       {"", "1", "3.1", "1.", ".1", "1..2", "1.2.", "1.2.x", "1 2", "1.-2", "1.40", "0.40",
        "1.2.18446744073709551616", "2.18446744073709551615"}) {
    CAPTURE(text);
    CHECK(test::signal_of([&] { static_cast<void>(der::oid(text)); }) == SIGABRT);
  }
}

TEST_CASE("a time is UTCTime from 1950 through 2049 and GeneralizedTime elsewhere") {
  const auto written = [](std::string_view text) {
    const Bytes out = der::time(parse_rfc3339(text).value());
    return to_hex(ByteView(out).first(1)) + " " + to_string(ByteView(out).subspan(2));
  };
  CHECK(written("1950-01-01T00:00:00Z") == "17 500101000000Z");
  CHECK(written("1970-01-01T00:00:00Z") == "17 700101000000Z");
  CHECK(written("2049-12-31T23:59:59Z") == "17 491231235959Z");
  CHECK(written("2050-01-01T00:00:00Z") == "18 20500101000000Z");
  CHECK(written("9999-12-31T23:59:59Z") == "18 99991231235959Z");
  CHECK(written("1949-12-31T23:59:59Z") == "18 19491231235959Z");
}

TEST_CASE("another reader of DER sees what was written") {
  if (!test::have_program("openssl")) SKIP("no openssl on the PATH");
  const Bytes all = der::sequence({
      der::integer(0x1234567890),
      der::integer(hex("ff")),
      der::oid("1.3.6.1.5.5.7.1.35"),
      der::boolean(true),
      der::null(),
      der::set({der::utf8_string("name")}),
      der::explicit_tag(3, der::sequence({der::bit_string(hex("80"), 7)})),
      der::time(Timestamp{0}),
      der::time(parse_rfc3339("9999-12-31T23:59:59Z").value()),
      der::printable_string("US"),
      der::ia5_string("x"),
      der::octet_string(Bytes(300, 0xAB)),
  });
  const test::TemporaryFolder folder;
  test::write_file(folder.file("all.der"), all);
  const auto seen =
      test::run_command("openssl asn1parse -inform DER -in " + folder.file("all.der"));
  REQUIRE(seen.status == 0);
  std::size_t from = 0;
  for (const std::string_view expected :
       {"SEQUENCE", "INTEGER           :1234567890", "INTEGER           :FF", "OBJECT",
        "BOOLEAN           :255", "NULL", "SET", "UTF8STRING        :name", "cont [ 3 ]",
        "SEQUENCE", "BIT STRING", "UTCTIME           :700101000000Z",
        "GENERALIZEDTIME   :99991231235959Z", "PRINTABLESTRING   :US", "IA5STRING         :x",
        "l= 300 prim: OCTET STRING"}) {
    CAPTURE(expected, seen.output);
    const std::size_t at = seen.output.find(expected, from);
    REQUIRE(at != std::string::npos);
    from = at;
  }
}
