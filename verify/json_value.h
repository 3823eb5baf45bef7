/// Strict JSON for files that decide something: every value knows where it stands.
/// Threads: values; share const objects freely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::strict_json {

inline constexpr std::size_t kMaxJsonSize = 256 * 1024;
inline constexpr int kMaxJsonDepth = 16;

/// One JSON value. Numbers other than unsigned integers are kept as `other_number`, for the reader
/// to refuse with its place.
struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, integer, other_number, text, array, object };
  struct Member;

  Kind kind = Kind::null;
  std::size_t offset = 0;  ///< of its first byte in the file
  bool boolean = false;
  std::uint64_t integer = 0;
  std::string text;
  std::vector<JsonValue> items;
  std::vector<Member> members;
};

struct JsonValue::Member {
  std::string key;
  std::size_t offset = 0;  ///< of the key
  JsonValue value;
};

/// Parses one JSON text of at most 256 KiB, nested at most 16 deep, without duplicate keys, a byte
/// order mark or a zero byte.
/// Errors: `on_error`, "line 3, column 7: ...".
Result<JsonValue> parse_json(ByteView file, Reason on_error);

/// "line 3, column 7" of a byte.
std::string place(ByteView file, std::size_t offset);

/// The one of `known` that is closest to `word`; empty where none is close.
std::string nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace ratls::strict_json
