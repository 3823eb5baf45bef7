#include <ratls/core/cbor.h>

#include "check.h"

using namespace ratls;
using cbor::MapReader;
using cbor::Reader;
using test::hex;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;

// Does every way of reading refuse the item?
bool refused_by_all(ByteView bytes) {
  bool all = true;
  const auto count = [&](const auto& result) { all = all && test::refused(result, kWhy); };
  count(Reader(bytes, kWhy).uint());
  count(Reader(bytes, kWhy).bytes());
  count(Reader(bytes, kWhy).text());
  count(Reader(bytes, kWhy).array());
  count(Reader(bytes, kWhy).array_of(0));
  count(Reader(bytes, kWhy).map());
  count(Reader(bytes, kWhy).skip());
  return all;
}

Result<void> skip(ByteView bytes) {
  Reader in(bytes, kWhy);
  RATLS_CHECK(in.skip());
  return in.finish();
}

bool skip_refused(ByteView bytes) {
  return test::refused(skip(bytes), kWhy);
}

// The detail of refusing `bytes`; empty where they are accepted.
std::string why(ByteView bytes) {
  const auto result = skip(bytes);
  return result ? std::string() : result.error().detail();
}

Bytes nested(std::size_t depth, std::uint8_t head, ByteView key, std::uint8_t innermost) {
  Bytes out;
  for (std::size_t i = 0; i < depth; ++i) {
    out.push_back(head);
    append(out, key);
  }
  out.push_back(innermost);
  return out;
}

}  // namespace

TEST_CASE("kinds of items outside the subset are refused") {
  for (const std::string_view item :
       {// negative integers
        "20", "29", "3863", "3903e7", "3bffffffffffffffff",
        // tags, bignums among them
        "c0", "c249010000000000000000", "c11a514b67b0", "d74401020304", "d818456449455446",
        "d9d9f700",
        // floats
        "f90000", "f93c00", "fa47c35000", "fb3ff199999999999a", "f97e00",
        // simple values
        "f4", "f5", "f6", "f7", "f0", "f818", "f8ff", "ff"}) {
    CAPTURE(item);
    CHECK(refused_by_all(hex(item)));
    CHECK(test::refused(Reader(hex(item), kWhy).peek(), kWhy));
  }
}

TEST_CASE("a kind of item outside the subset is refused also inside another") {
  for (const std::string_view item : {"20", "c100", "f5", "f6", "f97e00", "fb3ff199999999999a"}) {
    CAPTURE(item);
    CHECK(skip_refused(hex("81" + std::string(item))));
    CHECK(skip_refused(hex("a100" + std::string(item))));
    CHECK(skip_refused(hex("a1" + std::string(item) + "00")));
  }
}

TEST_CASE("indefinite lengths are refused") {
  for (const std::string_view item :
       {"5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff",
        "9f01820203820405ff", "bf61610161629f0203ffff", "bf6346756ef563416d7421ff", "bfff", "1f"}) {
    CAPTURE(item);
    CHECK(refused_by_all(hex(item)));
    CHECK(why(hex(item)) == "CBOR: uses an indefinite or reserved length");
  }
  CHECK(skip_refused(hex("83018202039f0405ff")));
  CHECK(skip_refused(hex("83019f0203ff820405")));
  CHECK(skip_refused(hex("826161bf61626163ff")));
}

TEST_CASE("reserved lengths are refused for every kind") {
  for (const unsigned major : {0U, 2U, 3U, 4U, 5U}) {
    for (const unsigned additional : {28U, 29U, 30U, 31U}) {
      const Bytes item{static_cast<std::uint8_t>(major << 5U | additional), 0, 0, 0, 0};
      CHECK(refused_by_all(item));
    }
  }
}

TEST_CASE("a number longer than needed is refused at each width and for every kind") {
  for (const unsigned major : {0U, 2U, 3U, 4U, 5U}) {
    for (const std::string_view argument :
         {"1800", "1801", "1817", "190000", "190018", "1900ff", "1a00000000", "1a00000100",
          "1a0000ffff", "1b0000000000000000", "1b0000000000010000", "1b00000000ffffffff"}) {
      Bytes item = hex(argument);
      item[0] = static_cast<std::uint8_t>(item[0] | major << 5U);
      item.resize(item.size() + 300);
      CAPTURE(major, argument);
      CHECK(refused_by_all(item));
      CHECK(why(item) == "CBOR: writes a number longer than needed");
    }
  }
}

TEST_CASE("another kind of item than expected is refused") {
  CHECK(test::refused(Reader(hex("00"), kWhy).bytes(), kWhy));
  CHECK(test::refused(Reader(hex("40"), kWhy).text(), kWhy));
  CHECK(test::refused(Reader(hex("60"), kWhy).bytes(), kWhy));
  CHECK(test::refused(Reader(hex("80"), kWhy).map(), kWhy));
  CHECK(test::refused(Reader(hex("a0"), kWhy).array(), kWhy));
  CHECK(test::refused(Reader(hex("a0"), kWhy).array_of(0), kWhy));
  CHECK(test::refused(Reader(hex("41ff"), kWhy).uint(), kWhy));
  const Bytes array = hex("80");
  Reader in(array, kWhy);
  CHECK(test::refused(MapReader::open(in), kWhy));
}

TEST_CASE("lengths beyond the input are refused without taking memory for them") {
  for (const std::string_view count :
       {"18ff", "19ffff", "1affffffff", "1b0000010000000000", "1bffffffffffffffff"}) {
    for (const unsigned major : {2U, 3U, 4U, 5U}) {
      Bytes item = hex(count);
      item[0] = static_cast<std::uint8_t>(item[0] | major << 5U);
      CAPTURE(count, major);
      CHECK(skip_refused(item));
      item.push_back(0x00);
      CHECK(skip_refused(item));
    }
  }
  CHECK(why(hex("5b0000010000000000")) == "CBOR: claims more bytes than there are");
  CHECK(Reader(hex("9b0000010000000000"), kWhy).array().value() == std::uint64_t{1} << 40U);
}

TEST_CASE("every prefix of an item is refused") {
  const Bytes whole =
      hex("a5 01 1b000000e8d4a51000 02 4401020304 03 83 01 820203 1903e8"
          "6161 a1 6162 6163 6162 5818" +
          std::string(48, '7'));
  REQUIRE(skip(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(skip_refused(ByteView(whole).first(size)));
  }
}

TEST_CASE("bytes after the item are refused by finish") {
  const Bytes bytes = hex("83010203 00 00");
  CHECK(why(bytes) == "CBOR: 2 bytes too many at the end");
}

TEST_CASE("duplicate keys are refused") {
  CHECK(skip_refused(hex("a2 0100 0100")));
  CHECK(skip_refused(hex("a2 616100 616101")));
  CHECK(skip_refused(hex("a2 6000 6000")));
  CHECK(why(hex("a3 0100 0200 0200")) == "CBOR: map keys are duplicate or out of order");
}

TEST_CASE("keys out of the order of their encodings are refused") {
  CHECK(skip(hex("a4 0100 181800 616200 62616100")));
  CHECK(skip_refused(hex("a2 0200 0100")));
  CHECK(skip_refused(hex("a2 181800 0100")));
  CHECK(skip_refused(hex("a2 616200 616100")));
  CHECK(skip_refused(hex("a2 616100 0100")));
  // The shorter encoding goes first: "b" before "aa".
  CHECK(skip_refused(hex("a2 62616100 616200")));
}

TEST_CASE("the two key readers enforce the order as well, and leave the rest unread") {
  const Bytes bytes = hex("a2 0200 0100");
  Reader in(bytes, kWhy);
  auto map = MapReader::open(in);
  REQUIRE(map);
  CHECK(map->uint_key().value() == 2);
  CHECK(in.uint().value() == 0);
  CHECK(test::refused(map->uint_key(), kWhy));
  CHECK_FALSE(map->done());

  const Bytes texts = hex("a2 616200 616100");
  Reader text_in(texts, kWhy);
  auto text_map = MapReader::open(text_in);
  REQUIRE(text_map);
  CHECK(text_map->text_key().value() == "b");
  CHECK(test::refused(text_map->uint_key(), kWhy));
}

TEST_CASE("keys that are neither number nor text are refused") {
  CHECK(skip_refused(hex("a1 4000")));
  CHECK(skip_refused(hex("a1 8000")));
  CHECK(skip_refused(hex("a1 a000")));
}

TEST_CASE("four levels are skipped and the fifth is refused") {
  CHECK(skip(nested(3, 0x81, {}, 0x80)));
  CHECK(skip(nested(3, 0x81, {}, 0x00)));
  CHECK(skip_refused(nested(4, 0x81, {}, 0x80)));
  CHECK(skip_refused(nested(4, 0x81, {}, 0x00)));
  const Bytes key{0x00};
  CHECK(skip(nested(3, 0xA1, key, 0xA0)));
  CHECK(skip_refused(nested(4, 0xA1, key, 0xA0)));
  CHECK(why(nested(4, 0x81, {}, 0x80)) == "CBOR: is nested too deeply");
}

TEST_CASE("a hundred thousand levels are refused without following them") {
  CHECK(skip_refused(nested(100000, 0x81, {}, 0x80)));
  CHECK(skip_refused(nested(100000, 0xA1, Bytes{0x00}, 0xA0)));
  CHECK(skip_refused(nested(100000, 0x9F, {}, 0xFF)));
}

TEST_CASE("no string of up to two bytes, and no first byte, is read as more than it holds") {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const Bytes two{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
      Reader in(two, kWhy);
      if (in.skip()) CHECK(in.rest().size() <= 1);
      // The whole of it is one item in exactly these shapes.
      const bool one_item = (first == 0x18 && second >= 24) || first == 0x41 || first == 0x61 ||
                            (first == 0x81 && (second < 24 || second == 0x40 || second == 0x60 ||
                                               second == 0x80 || second == 0xA0));
      if (skip(two).has_value() != one_item) FAIL(to_hex(two));
    }
  }
}
