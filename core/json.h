/// Writing JSON (RFC 8259), keys in the order they are added.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratls::json {

/// `text` as a JSON string with its quotes. Bytes that are not ASCII text become \u00XX, so the
/// result is valid whatever the input was.
std::string quoted(std::string_view text);

/// Collects the members of one object.
class Object {
 public:
  Object& text(std::string_view key, std::string_view value);
  /// null where there is no value, or an empty one.
  Object& text_or_null(std::string_view key, std::string_view value);
  Object& number(std::string_view key, std::uint64_t value);
  Object& boolean(std::string_view key, bool value);
  Object& null(std::string_view key);
  /// A value that is JSON already.
  Object& raw(std::string_view key, std::string_view json);
  /// "{...}" on one line.
  [[nodiscard]] std::string str() const;

 private:
  std::string members_;
};

/// "[a,b]" of values that are JSON already.
std::string array(const std::vector<std::string>& values);

}  // namespace ratls::json
