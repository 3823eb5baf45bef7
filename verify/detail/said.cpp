#include <ratls/verify/detail/said.h>

#include <span>

#include <ratls/core/bytes.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kNameWidth = 21;
constexpr std::size_t kMostShown = 200;

std::string visible_char(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (c == '\\') return "\\\\";
  if (byte >= 0x20 && byte < 0x7f) return std::string(1, c);
  return "\\x" + to_hex(std::span(&byte, 1));
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMostShown)) out += visible_char(c);
  if (text.size() > kMostShown) {
    out += "... (" + std::to_string(text.size()) + " characters)";
  }
  return out;
}

Said& Said::row(std::string_view key, std::string_view words) {
  std::string name(key);
  name.append(name.size() < kNameWidth ? kNameWidth - name.size() : 1, ' ');
  lines_ += "  " + name;
  lines_ += words;
  lines_ += '\n';
  return *this;
}

Said& Said::text(std::string_view key, std::string_view value) {
  object_.text(key, value);
  return row(key, visible(value));
}

Said& Said::number(std::string_view key, std::uint64_t value) {
  object_.number(key, value);
  return row(key, std::to_string(value));
}

Said& Said::yes_no(std::string_view key, bool value) {
  object_.boolean(key, value);
  return row(key, value ? "yes" : "no");
}

Said& Said::none(std::string_view key, std::string_view words) {
  object_.null(key);
  return row(key, words);
}

Said& Said::both(std::string_view key, std::string_view words, std::string_view json) {
  object_.raw(key, json);
  return row(key, words);
}

Said& Said::section(std::string_view key, const Said& part) {
  return block(key, part.lines(), part.json());
}

Said& Said::block(std::string_view key, std::string_view lines, std::string_view json) {
  object_.raw(key, json);
  lines_ += "  " + std::string(key) + "\n";
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    lines_ += "  " + std::string(lines.substr(0, end)) + "\n";
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return *this;
}

}  // namespace ratls::detail
