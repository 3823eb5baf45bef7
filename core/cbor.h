/// Strict deterministic CBOR (RFC 8949, 4.2.1), for the wire only.
///
/// Of CBOR there are unsigned integers, byte strings, text strings, arrays and maps. Indefinite
/// lengths, longer-than-needed heads, floats, tags and negative numbers are refused, and so are
/// map keys that are not in strictly rising order of their encodings (which excludes duplicates).
#pragma once

#include <string_view>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::cbor {

/// Deepest nesting that skip() follows.
inline constexpr int kMaxSkipDepth = 4;

/// A cursor over one CBOR sequence. Does not own the bytes; never allocates by a peer's count.
/// Errors: the Reason given at construction.
class Reader {
 public:
  Reader(ByteView bytes, Reason on_error) : rest_(bytes), on_error_(on_error) {}

  enum class Major : std::uint8_t { uint = 0, bytes = 2, text = 3, array = 4, map = 5 };

  /// The kind of the next item, not consumed.
  Result<Major> peek() const;
  Result<std::uint64_t> uint();
  Result<ByteView> bytes();
  /// Valid UTF-8 is not checked: keys are compared with known ASCII ones, others are skipped.
  Result<std::string_view> text();
  Result<std::uint64_t> array();  ///< the number of items
  Result<std::uint64_t> map();    ///< the number of pairs
  /// An array of exactly `count` items.
  Result<void> array_of(std::uint64_t count);
  /// Skips one well-formed item, nested at most kMaxSkipDepth deep.
  Result<void> skip();
  /// Succeeds only where nothing is left.
  Result<void> finish() const;

  [[nodiscard]] ByteView rest() const noexcept { return rest_; }

 private:
  friend class MapReader;
  struct Head {
    Major major;
    std::uint64_t value;
  };
  Result<Head> head();
  Result<std::uint64_t> expect(Major major);
  Result<ByteView> take(std::uint64_t count);
  Result<void> skip_at(int depth);
  Error wrong(std::string_view what) const;

  ByteView rest_;
  Reason on_error_;
};

/// Walks a map and refuses keys out of order. For each pair: next_key(), then read the value from
/// the Reader.
class MapReader {
 public:
  /// Reads the map's head from `in`, which must outlive this object.
  static Result<MapReader> open(Reader& in);
  [[nodiscard]] bool done() const noexcept { return left_ == 0; }
  /// Which kind of key comes next (uint or text; others are refused).
  Result<Reader::Major> peek_key() const { return in_->peek(); }
  Result<std::uint64_t> uint_key();
  Result<std::string_view> text_key();

 private:
  friend class Reader;
  MapReader(Reader& in, std::uint64_t pairs) : in_(&in), left_(pairs) {}
  Result<void> ordered(ByteView encoded_key);

  Reader* in_;
  std::uint64_t left_;
  Bytes previous_;
};

/// Appends deterministic CBOR. The caller writes map pairs in the order of their encoded keys.
class Writer {
 public:
  Writer() = default;
  /// With room for so many bytes; more are no error.
  explicit Writer(std::size_t expected) { out_.reserve(expected); }
  Writer& uint(std::uint64_t value);
  Writer& bytes(ByteView value);
  Writer& text(std::string_view value);
  Writer& array(std::uint64_t count);
  Writer& map(std::uint64_t pairs);
  [[nodiscard]] Bytes take() && { return std::move(out_); }

 private:
  Writer& head(std::uint8_t major, std::uint64_t value);

  Bytes out_;
};

}  // namespace ratls::cbor
