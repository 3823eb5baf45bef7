#include <ratls/core/cbor.h>

#include <algorithm>

namespace ratls::cbor {

namespace {

// Bytes of the argument that follow the initial byte (RFC 8949, 3): additional information 24..27.
std::size_t argument_width(std::uint8_t additional) {
  switch (additional) {
    case 24:
      return 1;
    case 25:
      return 2;
    case 26:
      return 4;
    case 27:
      return 8;
    default:
      return 0;
  }
}

// RFC 8949, 4.2.1: the argument must be as short as possible.
bool is_shortest(std::size_t width, std::uint64_t value) {
  switch (width) {
    case 1:
      return value >= 24;
    case 2:
      return value > 0xFF;
    case 4:
      return value > 0xFFFF;
    case 8:
      return value > 0xFFFFFFFF;
    default:
      return true;
  }
}

}  // namespace

Error Reader::wrong(std::string_view what) const {
  return Error(on_error_, "CBOR: " + std::string(what));
}

Result<Reader::Major> Reader::peek() const {
  if (rest_.empty()) return wrong("ends where an item is due");
  switch (rest_.front() >> 5U) {
    case 0:
      return Major::uint;
    case 2:
      return Major::bytes;
    case 3:
      return Major::text;
    case 4:
      return Major::array;
    case 5:
      return Major::map;
    default:
      return wrong("holds a kind of item that this format does not use");
  }
}

Result<Reader::Head> Reader::head() {
  RATLS_TRY(const Major major, peek());
  const std::uint8_t additional = rest_.front() & 0x1FU;
  const std::size_t width = argument_width(additional);
  if (width == 0 && additional > 23) return wrong("uses an indefinite or reserved length");
  if (rest_.size() < 1 + width) return wrong("is cut short inside a length");
  std::uint64_t value = additional;
  if (width != 0) {
    value = 0;
    for (const std::uint8_t byte : rest_.subspan(1, width)) value = (value << 8U) | byte;
  }
  if (!is_shortest(width, value)) return wrong("writes a number longer than needed");
  rest_ = rest_.subspan(1 + width);
  return Head{major, value};
}

Result<std::uint64_t> Reader::expect(Major major) {
  RATLS_TRY(const Head item, head());
  if (item.major != major) return wrong("holds another kind of item than expected");
  return item.value;
}

Result<ByteView> Reader::take(std::uint64_t count) {
  if (count > rest_.size()) return wrong("claims more bytes than there are");
  const ByteView out = rest_.first(static_cast<std::size_t>(count));
  rest_ = rest_.subspan(out.size());
  return out;
}

Result<std::uint64_t> Reader::uint() {
  return expect(Major::uint);
}

Result<ByteView> Reader::bytes() {
  RATLS_TRY(const std::uint64_t count, expect(Major::bytes));
  return take(count);
}

Result<std::string_view> Reader::text() {
  RATLS_TRY(const std::uint64_t count, expect(Major::text));
  RATLS_TRY(const ByteView out, take(count));
  return std::string_view(reinterpret_cast<const char*>(out.data()), out.size());
}

Result<std::uint64_t> Reader::array() {
  return expect(Major::array);
}
Result<std::uint64_t> Reader::map() {
  return expect(Major::map);
}

Result<void> Reader::array_of(std::uint64_t count) {
  RATLS_TRY(const std::uint64_t got, array());
  if (got == count) return {};
  return wrong("an array has " + std::to_string(got) + " items instead of " +
               std::to_string(count));
}

Result<void> Reader::skip() {
  return skip_at(1);
}

Result<void> Reader::skip_at(int depth) {
  if (depth > kMaxSkipDepth) return wrong("is nested too deeply");
  RATLS_TRY(const Head item, head());
  switch (item.major) {
    case Major::uint:
      return {};
    case Major::bytes:
    case Major::text: {
      RATLS_TRY([[maybe_unused]] const ByteView skipped, take(item.value));
      return {};
    }
    case Major::array:
      for (std::uint64_t i = 0; i < item.value; ++i) RATLS_CHECK(skip_at(depth + 1));
      return {};
    default:
      break;
  }
  MapReader map(*this, item.value);
  while (!map.done()) {
    RATLS_TRY(const Major key, map.peek_key());
    if (key == Major::uint) {
      RATLS_TRY([[maybe_unused]] const auto skipped, map.uint_key());
    } else {
      RATLS_TRY([[maybe_unused]] const auto skipped, map.text_key());
    }
    RATLS_CHECK(skip_at(depth + 1));
  }
  return {};
}

Result<void> Reader::finish() const {
  if (rest_.empty()) return {};
  return wrong(std::to_string(rest_.size()) + " bytes too many at the end");
}

Result<MapReader> MapReader::open(Reader& in) {
  RATLS_TRY(const std::uint64_t pairs, in.map());
  return MapReader(in, pairs);
}

// RFC 8949, 4.2.1: keys in bytewise lexicographic order of their encodings; equal is duplicate.
Result<void> MapReader::ordered(ByteView encoded_key) {
  const bool rises =
      previous_.empty() || std::lexicographical_compare(previous_.begin(), previous_.end(),
                                                        encoded_key.begin(), encoded_key.end());
  if (!rises) return in_->wrong("map keys are duplicate or out of order");
  previous_.assign(encoded_key.begin(), encoded_key.end());
  --left_;
  return {};
}

Result<std::uint64_t> MapReader::uint_key() {
  const ByteView before = in_->rest();
  RATLS_TRY(const std::uint64_t key, in_->uint());
  RATLS_CHECK(ordered(before.first(before.size() - in_->rest().size())));
  return key;
}

Result<std::string_view> MapReader::text_key() {
  const ByteView before = in_->rest();
  RATLS_TRY(const std::string_view key, in_->text());
  RATLS_CHECK(ordered(before.first(before.size() - in_->rest().size())));
  return key;
}

Writer& Writer::head(std::uint8_t major, std::uint64_t value) {
  const auto initial = static_cast<std::uint8_t>(major << 5U);
  std::size_t width = 0;
  std::uint8_t additional = 0;
  if (value < 24) {
    additional = static_cast<std::uint8_t>(value);
  } else if (value <= 0xFF) {
    additional = 24, width = 1;
  } else if (value <= 0xFFFF) {
    additional = 25, width = 2;
  } else if (value <= 0xFFFFFFFF) {
    additional = 26, width = 4;
  } else {
    additional = 27, width = 8;
  }
  out_.push_back(initial | additional);
  for (std::size_t i = width; i > 0; --i) {
    out_.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
  return *this;
}

Writer& Writer::uint(std::uint64_t value) {
  return head(0, value);
}

Writer& Writer::bytes(ByteView value) {
  head(2, value.size());
  append(out_, value);
  return *this;
}

Writer& Writer::text(std::string_view value) {
  head(3, value.size());
  append(out_, as_bytes(value));
  return *this;
}

Writer& Writer::array(std::uint64_t count) {
  return head(4, count);
}
Writer& Writer::map(std::uint64_t pairs) {
  return head(5, pairs);
}

}  // namespace ratls::cbor
