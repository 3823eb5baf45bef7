#include <ratls/core/json.h>

#include <span>

#include <ratls/core/bytes.h>

namespace ratls::json {

namespace {

constexpr bool plain(char c) noexcept {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

std::string escaped(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (c == '"') return "\\\"";
  if (c == '\\') return "\\\\";
  if (c == '\n') return "\\n";
  return "\\u00" + to_hex(std::span(&byte, 1));
}

}  // namespace

// A verdict quotes a thousand characters for each handshake, nearly all of them plain.
std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(text[run])) ++run;
    out += text.substr(0, run);
    if (run < text.size()) out += escaped(text[run++]);
    text.remove_prefix(run);
  }
  out += '"';
  return out;
}

Object& Object::raw(std::string_view key, std::string_view json) {
  members_ += (members_.empty() ? "" : ",") + quoted(key) + ":";
  members_ += json;
  return *this;
}

Object& Object::text(std::string_view key, std::string_view value) {
  return raw(key, quoted(value));
}

Object& Object::text_or_null(std::string_view key, std::string_view value) {
  return value.empty() ? null(key) : text(key, value);
}

Object& Object::number(std::string_view key, std::uint64_t value) {
  return raw(key, std::to_string(value));
}

Object& Object::boolean(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

Object& Object::null(std::string_view key) {
  return raw(key, "null");
}

std::string Object::str() const {
  return "{" + members_ + "}";
}

std::string array(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ",") + value;
  return "[" + out + "]";
}

}  // namespace ratls::json
