/// What a file says, collected once and shown as text for people or as one JSON object.
#pragma once

#include <string>
#include <string_view>

#include <ratls/core/json.h>

namespace ratls::detail {

/// `text` with every byte that a terminal could act on, or that is not ASCII, as \xNN, and with a
/// backslash as \\; cut after 200 characters.
std::string visible(std::string_view text);

/// Ordered rows. Values may be anybody's: no byte of them reaches a terminal unchanged.
class Said {
 public:
  Said& text(std::string_view key, std::string_view value);
  Said& number(std::string_view key, std::uint64_t value);
  Said& yes_no(std::string_view key, bool value);
  /// Nothing is there: null in JSON, and `words` for people.
  Said& none(std::string_view key, std::string_view words);
  /// `words` for people, `json` (JSON already) for programs; both this program's own words.
  Said& both(std::string_view key, std::string_view words, std::string_view json);
  /// Rows below a heading; an object in JSON.
  Said& section(std::string_view key, const Said& part);
  /// The same of lines and JSON that exist already; each line ends with a newline.
  Said& block(std::string_view key, std::string_view lines, std::string_view json);

  /// Two blanks before each row, a newline behind it.
  [[nodiscard]] const std::string& lines() const noexcept { return lines_; }
  [[nodiscard]] std::string json() const { return object_.str(); }

 private:
  Said& row(std::string_view key, std::string_view words);

  std::string lines_;
  json::Object object_;
};

}  // namespace ratls::detail
