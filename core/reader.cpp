#include <ratls/core/reader.h>

namespace ratls {

Result<ByteView> Reader::bytes(std::size_t count, std::string_view field) {
  if (count > rest_.size()) {
    return Error(on_error_, std::string(field) + " is cut short: needs " + std::to_string(count) +
                                " bytes, " + std::to_string(rest_.size()) + " are left");
  }
  const ByteView out = rest_.first(count);
  rest_ = rest_.subspan(count);
  return out;
}

Result<std::uint64_t> Reader::number(std::size_t width, bool big_endian, std::string_view field) {
  RATLS_TRY(const ByteView in, bytes(width, field));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value = (value << 8U) | in[big_endian ? i : width - 1 - i];
  }
  return value;
}

Result<std::uint8_t> Reader::u8(std::string_view field) {
  RATLS_TRY(const ByteView in, bytes(1, field));
  return in[0];
}
Result<std::uint16_t> Reader::u16le(std::string_view field) {
  RATLS_TRY(const auto value, number(2, false, field));
  return static_cast<std::uint16_t>(value);
}
Result<std::uint32_t> Reader::u32le(std::string_view field) {
  RATLS_TRY(const auto value, number(4, false, field));
  return static_cast<std::uint32_t>(value);
}
Result<std::uint64_t> Reader::u64le(std::string_view field) {
  return number(8, false, field);
}
Result<std::uint16_t> Reader::u16be(std::string_view field) {
  RATLS_TRY(const auto value, number(2, true, field));
  return static_cast<std::uint16_t>(value);
}
Result<std::uint32_t> Reader::u24be(std::string_view field) {
  RATLS_TRY(const auto value, number(3, true, field));
  return static_cast<std::uint32_t>(value);
}
Result<std::uint32_t> Reader::u32be(std::string_view field) {
  RATLS_TRY(const auto value, number(4, true, field));
  return static_cast<std::uint32_t>(value);
}
Result<std::uint64_t> Reader::u64be(std::string_view field) {
  return number(8, true, field);
}

Result<void> Reader::zeros(std::size_t count, std::string_view field) {
  RATLS_TRY(const ByteView in, bytes(count, field));
  if (!is_zero(in)) return Error(on_error_, std::string(field) + " must be zero");
  return {};
}

Result<void> Reader::finish(std::string_view what) const {
  if (rest_.empty()) return {};
  return Error(on_error_,
               std::to_string(rest_.size()) + " bytes too many after " + std::string(what));
}

Writer& Writer::number(std::uint64_t value, std::size_t width, bool big_endian) {
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t shift = 8 * (big_endian ? width - 1 - i : i);
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return *this;
}

Writer& Writer::u8(std::uint8_t value) {
  return number(value, 1, true);
}
Writer& Writer::u16le(std::uint16_t value) {
  return number(value, 2, false);
}
Writer& Writer::u32le(std::uint32_t value) {
  return number(value, 4, false);
}
Writer& Writer::u64le(std::uint64_t value) {
  return number(value, 8, false);
}
Writer& Writer::u16be(std::uint16_t value) {
  return number(value, 2, true);
}
Writer& Writer::u24be(std::uint32_t value) {
  return number(value, 3, true);
}
Writer& Writer::u32be(std::uint32_t value) {
  return number(value, 4, true);
}
Writer& Writer::u64be(std::uint64_t value) {
  return number(value, 8, true);
}

Writer& Writer::bytes(ByteView value) {
  append(out_, value);
  return *this;
}

Writer& Writer::zeros(std::size_t count) {
  out_.insert(out_.end(), count, 0);
  return *this;
}

}  // namespace ratls
