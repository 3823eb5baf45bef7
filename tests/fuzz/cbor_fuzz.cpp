// One item of CBOR: whatever is skipped as well-formed has exactly one encoding.
#include <ratls/core/cbor.h>

#include "fuzz.h"

using namespace ratls;
using cbor::MapReader;
using cbor::Reader;
using cbor::Writer;
using fuzz::must;
using Major = Reader::Major;

namespace {

constexpr Reason kWhy = Reason::malformed_evidence;

void copy_item(Reader& in, Writer& out);

void copy_map(Reader& in, Writer& out) {
  Reader ahead = in;
  const auto pairs = ahead.map();
  auto map = MapReader::open(in);
  must(pairs.has_value() && map.has_value());
  out.map(*pairs);
  std::uint64_t seen = 0;
  for (; !map->done(); ++seen) {
    if (map->peek_key().value() == Major::uint) {
      out.uint(map->uint_key().value());
    } else {
      out.text(map->text_key().value());
    }
    copy_item(in, out);
  }
  must(seen == *pairs);
}

// value() aborts where the reader refuses what skip() took.
void copy_item(Reader& in, Writer& out) {
  switch (in.peek().value()) {
    case Major::uint:
      out.uint(in.uint().value());
      return;
    case Major::bytes:
      out.bytes(in.bytes().value());
      return;
    case Major::text:
      out.text(in.text().value());
      return;
    case Major::array: {
      const std::uint64_t count = in.array().value();
      out.array(count);
      for (std::uint64_t i = 0; i < count; ++i) copy_item(in, out);
      return;
    }
    case Major::map:
      copy_map(in, out);
      return;
  }
}

// Exactly the reader of the item's own kind may take its head.
void read_as_each_kind(ByteView bytes) {
  const auto kind = Reader(bytes, kWhy).peek();
  const auto taken = [&](Major major, const auto& result) {
    must(!result || (kind && *kind == major));
  };
  taken(Major::uint, Reader(bytes, kWhy).uint());
  taken(Major::bytes, Reader(bytes, kWhy).bytes());
  taken(Major::text, Reader(bytes, kWhy).text());
  taken(Major::array, Reader(bytes, kWhy).array());
  taken(Major::map, Reader(bytes, kWhy).map());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  read_as_each_kind(bytes);
  Reader skipped(bytes, kWhy);
  if (!skipped.skip()) return 0;
  const ByteView item = bytes.first(size - skipped.rest().size());
  Reader in(bytes, kWhy);
  Writer out;
  copy_item(in, out);
  must(in.rest().size() == skipped.rest().size());
  must(equal_ct(std::move(out).take(), item));
  return 0;
}
