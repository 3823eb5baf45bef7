/// The one place where bytes become numbers, and numbers bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// A bounded cursor over untrusted bytes. Every read names what it reads, so that an error says
/// which field was cut short. Does not own the bytes.
/// Errors: the Reason given at construction, with the field's name.
class Reader {
 public:
  Reader(ByteView bytes, Reason on_error) : rest_(bytes), on_error_(on_error) {}

  Result<std::uint8_t> u8(std::string_view field);
  Result<std::uint16_t> u16le(std::string_view field);
  Result<std::uint32_t> u32le(std::string_view field);
  Result<std::uint64_t> u64le(std::string_view field);
  Result<std::uint16_t> u16be(std::string_view field);
  Result<std::uint32_t> u24be(std::string_view field);
  Result<std::uint32_t> u32be(std::string_view field);
  Result<std::uint64_t> u64be(std::string_view field);
  /// `count` bytes, still pointing into the input.
  Result<ByteView> bytes(std::size_t count, std::string_view field);
  /// `count` bytes that must all be zero.
  Result<void> zeros(std::size_t count, std::string_view field);
  /// N bytes with a meaning.
  template <class Fixed>
  Result<Fixed> fixed(std::string_view field) {
    RATLS_TRY(const ByteView view, bytes(Fixed::kSize, field));
    return *Fixed::from(view);
  }
  /// Succeeds only where nothing is left.
  Result<void> finish(std::string_view what) const;

  [[nodiscard]] ByteView rest() const noexcept { return rest_; }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

 private:
  Result<std::uint64_t> number(std::size_t width, bool big_endian, std::string_view field);

  ByteView rest_;
  Reason on_error_;
};

/// Appends numbers and bytes.
class Writer {
 public:
  Writer& u8(std::uint8_t value);
  Writer& u16le(std::uint16_t value);
  Writer& u32le(std::uint32_t value);
  Writer& u64le(std::uint64_t value);
  Writer& u16be(std::uint16_t value);
  Writer& u24be(std::uint32_t value);  ///< the low 24 bits
  Writer& u32be(std::uint32_t value);
  Writer& u64be(std::uint64_t value);
  Writer& bytes(ByteView value);
  Writer& zeros(std::size_t count);

  [[nodiscard]] const Bytes& view() const noexcept { return out_; }
  [[nodiscard]] Bytes take() && { return std::move(out_); }

 private:
  Writer& number(std::uint64_t value, std::size_t width, bool big_endian);

  Bytes out_;
};

}  // namespace ratls
