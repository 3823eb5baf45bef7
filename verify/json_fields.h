/// Reading objects of strict JSON, field by field, with errors that name the place. Errors of all
/// functions: the reason that the JsonFile was made with, "line 3, column 7: ...".
/// Threads: values; share const objects freely.
#pragma once

#include <optional>

#include <ratls/verify/json_value.h>

namespace ratls::strict_json {

/// The file that values came from, for errors.
class JsonFile {
 public:
  JsonFile(ByteView file, Reason on_error) : file_(file), on_error_(on_error) {}

  /// "line 3, column 7: what".
  [[nodiscard]] Error wrong(std::size_t offset, const std::string& what) const;
  [[nodiscard]] Error wrong(const JsonValue& at, const std::string& what) const {
    return wrong(at.offset, what);
  }

  Result<std::string> text(const JsonValue& value, std::string_view what) const;
  Result<bool> boolean(const JsonValue& value, std::string_view what) const;
  Result<std::uint64_t> integer(const JsonValue& value, std::string_view what, std::uint64_t least,
                                std::uint64_t most) const;
  /// A list; at least one item unless `may_be_empty`.
  Result<const std::vector<JsonValue>*> list(const JsonValue& value, std::string_view what,
                                             bool may_be_empty = false) const;
  /// Exactly `Fixed::kSize` bytes in hex.
  template <class Fixed>
  Result<Fixed> fixed(const JsonValue& value, std::string_view what) const {
    RATLS_TRY(const std::string hex, text(value, what));
    const auto bytes = Fixed::parse_hex(hex);
    if (bytes) return *bytes;
    return wrong(value, std::string(what) + " must be " + std::to_string(2 * Fixed::kSize) +
                            " hex digits, and has " + std::to_string(hex.size()) + " characters");
  }

 private:
  ByteView file_;
  Reason on_error_;
};

/// One object whose keys are all known. Borrowed; must not outlive value and file.
class JsonFields {
 public:
  /// Refuses a value that is no object, unknown keys (naming the nearest known one), and the
  /// absence of a key that is not in `optional`.
  static Result<JsonFields> open(const JsonFile& file, const JsonValue& value,
                                 std::string_view what,
                                 const std::vector<std::string_view>& required,
                                 const std::vector<std::string_view>& optional = {});

  /// A required field.
  [[nodiscard]] const JsonValue& at(std::string_view key) const;
  [[nodiscard]] const JsonValue* find(std::string_view key) const noexcept;

 private:
  explicit JsonFields(const JsonValue& value) : value_(&value) {}

  const JsonValue* value_;
};

}  // namespace ratls::strict_json
