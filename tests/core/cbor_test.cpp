// Reading and writing what RFC 8949, Appendix A gives as examples, as far as our subset goes.
#include <ratls/core/cbor.h>

#include "check.h"

using namespace ratls;
using cbor::MapReader;
using cbor::Reader;
using cbor::Writer;
using test::hex;
using Major = Reader::Major;

namespace {

constexpr Reason kWhy = Reason::malformed_frame;

Bytes taken(Writer& out) {
  return std::move(out).take();
}

}  // namespace

TEST_CASE("unsigned integers of the standard's examples are read and written") {
  const std::vector<std::pair<std::uint64_t, std::string_view>> rows{
      {0, "00"},
      {1, "01"},
      {10, "0a"},
      {23, "17"},
      {24, "1818"},
      {25, "1819"},
      {100, "1864"},
      {255, "18ff"},
      {256, "190100"},
      {1000, "1903e8"},
      {65535, "19ffff"},
      {65536, "1a00010000"},
      {1000000, "1a000f4240"},
      {4294967295, "1affffffff"},
      {4294967296, "1b0000000100000000"},
      {1000000000000, "1b000000e8d4a51000"},
      {UINT64_MAX, "1bffffffffffffffff"},
  };
  for (const auto& [value, encoded] : rows) {
    CAPTURE(value);
    Writer out;
    out.uint(value);
    CHECK(to_hex(taken(out)) == encoded);
    const Bytes bytes = hex(encoded);
    Reader in(bytes, kWhy);
    CHECK(in.peek().value() == Major::uint);
    CHECK(in.uint().value() == value);
    CHECK(in.finish());
  }
}

TEST_CASE("byte strings of the standard's examples are read and written") {
  for (const auto& [value, encoded] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"", "40"}, {"01020304", "4401020304"}}) {
    Writer out;
    out.bytes(hex(value));
    CHECK(to_hex(taken(out)) == encoded);
    const Bytes bytes = hex(encoded);
    Reader in(bytes, kWhy);
    CHECK(in.peek().value() == Major::bytes);
    CHECK(to_hex(in.bytes().value()) == value);
    CHECK(in.finish());
  }
}

TEST_CASE("text strings of the standard's examples are read and written") {
  for (const auto& [value, encoded] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"", "60"},
           {"a", "6161"},
           {"IETF", "6449455446"},
           {"\"\\", "62225c"},
           {"\xC3\xBC", "62c3bc"},
           {"\xE6\xB0\xB4", "63e6b0b4"},
           {"\xF0\x90\x85\x91", "64f0908591"}}) {
    Writer out;
    out.text(value);
    CHECK(to_hex(taken(out)) == encoded);
    const Bytes bytes = hex(encoded);
    Reader in(bytes, kWhy);
    CHECK(in.peek().value() == Major::text);
    CHECK(in.text().value() == value);
    CHECK(in.finish());
  }
}

TEST_CASE("strings of every head width come back whole") {
  for (const std::size_t size : {23U, 24U, 255U, 256U, 65535U, 65536U}) {
    const Bytes value = test::counting(size);
    Writer out;
    out.bytes(value).text(to_string(value));
    const Bytes bytes = taken(out);
    Reader in(bytes, kWhy);
    CHECK(equal_ct(in.bytes().value(), value));
    CHECK(in.text().value() == to_string(value));
    CHECK(in.finish());
  }
}

TEST_CASE("arrays of the standard's examples are read and written") {
  Writer out;
  out.array(3).uint(1).array(2).uint(2).uint(3).array(2).uint(4).uint(5);
  const Bytes bytes = taken(out);
  CHECK(to_hex(bytes) == "8301820203820405");
  Reader in(bytes, kWhy);
  CHECK(in.peek().value() == Major::array);
  CHECK(in.array().value() == 3);
  CHECK(in.uint().value() == 1);
  CHECK(in.array_of(2));
  CHECK(in.uint().value() == 2);
  CHECK(in.uint().value() == 3);
  CHECK(in.skip());
  CHECK(in.finish());
}

TEST_CASE("an array of twenty-five needs a longer head") {
  Writer out;
  out.array(25);
  for (std::uint64_t i = 1; i <= 25; ++i) out.uint(i);
  const Bytes bytes = taken(out);
  CHECK(to_hex(bytes) == "98190102030405060708090a0b0c0d0e0f101112131415161718181819");
  Reader in(bytes, kWhy);
  CHECK(in.array_of(25));
  for (std::uint64_t i = 1; i <= 25; ++i) CHECK(in.uint().value() == i);
  CHECK(in.finish());
}

TEST_CASE("an array of another length than demanded is refused and says both") {
  const Bytes bytes = hex("83010203");
  Reader in(bytes, kWhy);
  const auto result = in.array_of(2);
  REQUIRE(test::refused(result, kWhy));
  CHECK(result.error().detail() == "CBOR: an array has 3 items instead of 2");
}

TEST_CASE("maps of the standard's examples are read and written") {
  Writer out;
  out.map(2).uint(1).uint(2).uint(3).uint(4);
  const Bytes bytes = taken(out);
  CHECK(to_hex(bytes) == "a201020304");
  Reader in(bytes, kWhy);
  CHECK(in.peek().value() == Major::map);
  auto map = MapReader::open(in);
  REQUIRE(map);
  CHECK(map->peek_key().value() == Major::uint);
  CHECK(map->uint_key().value() == 1);
  CHECK(in.uint().value() == 2);
  CHECK_FALSE(map->done());
  CHECK(map->uint_key().value() == 3);
  CHECK(in.uint().value() == 4);
  CHECK(map->done());
  CHECK(in.finish());
}

TEST_CASE("a map with text keys keeps its order") {
  Writer out;
  out.map(5);
  for (const std::string_view key : {"a", "b", "c", "d", "e"}) {
    const std::string upper(1, static_cast<char>(key[0] - 'a' + 'A'));
    out.text(key).text(upper);
  }
  const Bytes bytes = taken(out);
  CHECK(to_hex(bytes) == "a56161614161626142616361436164614461656145");
  Reader in(bytes, kWhy);
  auto map = MapReader::open(in);
  REQUIRE(map);
  for (const std::string_view key : {"a", "b", "c", "d", "e"}) {
    CHECK(map->text_key().value() == key);
    CHECK(in.text().value().size() == 1);
  }
  CHECK(map->done());
}

TEST_CASE("an empty map is done at once") {
  const Bytes bytes = hex("a0");
  Reader in(bytes, kWhy);
  CHECK(MapReader::open(in).value().done());
  CHECK(in.finish());
}

TEST_CASE("skipping takes one whole item and leaves the next") {
  for (const std::string_view item :
       {"00", "1bffffffffffffffff", "40", "4401020304", "60", "6449455446", "80", "83010203",
        "8301820203820405", "98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0",
        "a201020304", "a26161016162820203", "826161a161626163",
        "a56161614161626142616361436164614461656145", "a20001616100", "81818180", "818181a0"}) {
    CAPTURE(item);
    Bytes bytes = hex(item);
    bytes.push_back(0x07);
    Reader in(bytes, kWhy);
    REQUIRE(in.skip());
    CHECK(in.rest().size() == 1);
    CHECK(in.uint().value() == 7);
    CHECK(in.finish());
  }
}

TEST_CASE("strings are views of the input, not copies") {
  const Bytes bytes = hex("43010203 63616263");
  Reader in(bytes, kWhy);
  CHECK(in.bytes().value().data() == bytes.data() + 1);
  CHECK(as_bytes(in.text().value()).data() == bytes.data() + 5);
}
