#include <ratls/core/reader.h>

#include <functional>

#include "check.h"

using namespace ratls;

namespace {

constexpr Reason kWhy = Reason::malformed_report;
const Bytes kBytes = test::hex("0123456789abcdef");

struct Width {
  std::size_t size;
  std::function<Result<std::uint64_t>(Reader&)> read;
  std::uint64_t expected;
};

template <class T>
Result<std::uint64_t> widen(Result<T> result) {
  RATLS_TRY(const T value, std::move(result));
  return std::uint64_t{value};
}

const std::vector<Width>& widths() {
  static const std::vector<Width> all{
      {1, [](Reader& in) { return widen(in.u8("field")); }, 0x01},
      {2, [](Reader& in) { return widen(in.u16le("field")); }, 0x2301},
      {4, [](Reader& in) { return widen(in.u32le("field")); }, 0x67452301},
      {8, [](Reader& in) { return widen(in.u64le("field")); }, 0xEFCDAB8967452301},
      {2, [](Reader& in) { return widen(in.u16be("field")); }, 0x0123},
      {3, [](Reader& in) { return widen(in.u24be("field")); }, 0x012345},
      {4, [](Reader& in) { return widen(in.u32be("field")); }, 0x01234567},
      {8, [](Reader& in) { return widen(in.u64be("field")); }, 0x0123456789ABCDEF},
  };
  return all;
}

}  // namespace

TEST_CASE("each width reads its number and leaves the rest") {
  for (const Width& width : widths()) {
    Reader in(kBytes, kWhy);
    CHECK(width.read(in).value() == width.expected);
    CHECK(in.rest().size() == kBytes.size() - width.size);
    CHECK(in.empty() == (width.size == 8));
  }
}

TEST_CASE("each width cut short anywhere is refused, names its field and consumes nothing") {
  for (const Width& width : widths()) {
    for (std::size_t size = 0; size < width.size; ++size) {
      Reader in(ByteView(kBytes).first(size), kWhy);
      const auto result = width.read(in);
      REQUIRE(test::refused(result, kWhy));
      CHECK(result.error().detail().find("field is cut short") == 0);
      CHECK(in.rest().size() == size);
    }
  }
}

TEST_CASE("bytes are a view of the input, not a copy") {
  Reader in(kBytes, kWhy);
  const ByteView three = in.bytes(3, "id").value();
  CHECK(three.data() == kBytes.data());
  CHECK(three.size() == 3);
  CHECK(in.bytes(0, "none").value().empty());
  CHECK(in.bytes(5, "rest").value().size() == 5);
  CHECK(test::refused(in.bytes(1, "more"), kWhy));
}

TEST_CASE("the largest count does not wrap around") {
  Reader in(kBytes, kWhy);
  CHECK(test::refused(in.bytes(SIZE_MAX, "all"), kWhy));
  CHECK(test::refused(in.zeros(SIZE_MAX, "all"), kWhy));
  CHECK(in.rest().size() == kBytes.size());
}

TEST_CASE("reserved bytes must all be zero") {
  const Bytes zeros(5);
  Reader good(zeros, kWhy);
  CHECK(good.zeros(5, "reserved"));
  CHECK(good.empty());
  for (std::size_t bit = 0; bit < 40; ++bit) {
    const Bytes stray = test::with_bit_flipped(zeros, bit);
    Reader in(stray, kWhy);
    const auto result = in.zeros(5, "reserved");
    REQUIRE(test::refused(result, kWhy));
    CHECK(result.error().detail() == "reserved must be zero");
  }
  Reader shorter(ByteView(zeros).first(4), kWhy);
  CHECK(test::refused(shorter.zeros(5, "reserved"), kWhy));
}

TEST_CASE("fixed bytes are read whole or not at all") {
  using Id = FixedBytes<8, struct IdTag>;
  Reader in(kBytes, kWhy);
  CHECK(in.fixed<Id>("id").value().hex() == "0123456789abcdef");
  for (std::size_t size = 0; size < 8; ++size) {
    Reader shorter(ByteView(kBytes).first(size), kWhy);
    CHECK(test::refused(shorter.fixed<Id>("id"), kWhy));
  }
}

TEST_CASE("the end is the end only where nothing is left") {
  Reader in(kBytes, Reason::malformed_frame);
  const auto early = in.finish("the frame");
  REQUIRE(test::refused(early, Reason::malformed_frame));
  CHECK(early.error().detail() == "8 bytes too many after the frame");
  REQUIRE(in.bytes(8, "all"));
  CHECK(in.finish("the frame"));
}

TEST_CASE("what is written is read back, number by number") {
  Writer out;
  out.u8(0x11).u16le(0x2233).u32le(0x44556677).u64le(0x8899AABBCCDDEEFF);
  out.u16be(0x2233).u24be(0xFF445566).u32be(0x778899AA).u64be(0xBBCCDDEEFF001122);
  out.bytes(Bytes{9, 8, 7}).zeros(3);
  const Bytes copy = out.view();
  CHECK(to_hex(copy) ==
        "11"
        "3322"
        "77665544"
        "ffeeddccbbaa9988"
        "2233"
        "445566"
        "778899aa"
        "bbccddeeff001122"
        "090807"
        "000000");
  const Bytes taken = std::move(out).take();
  CHECK(taken == copy);

  Reader in(taken, kWhy);
  CHECK(in.u8("").value() == 0x11);
  CHECK(in.u16le("").value() == 0x2233);
  CHECK(in.u32le("").value() == 0x44556677);
  CHECK(in.u64le("").value() == 0x8899AABBCCDDEEFF);
  CHECK(in.u16be("").value() == 0x2233);
  CHECK(in.u24be("").value() == 0x445566);
  CHECK(in.u32be("").value() == 0x778899AA);
  CHECK(in.u64be("").value() == 0xBBCCDDEEFF001122);
  CHECK(in.bytes(3, "").value()[2] == 7);
  CHECK(in.zeros(3, ""));
  CHECK(in.finish(""));
}
