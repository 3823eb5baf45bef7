#include <ratls/services/status/exposition.h>

#include <array>
#include <charconv>

namespace ratls::status {

std::string number(double value) {
  std::array<char, 40> out{};
  const auto end =
      std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::general, 9);
  return {out.data(), end.ptr};
}

std::string label(std::string_view name, std::string_view value) {
  std::string out = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

void head(std::string& out, std::string_view name, std::string_view kind, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help);
  out.append("\n# TYPE ").append(name).append(" ").append(kind).append("\n");
}

void line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(" ").append(value).append("\n");
}

void Histogram::observe(double seconds) {
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (seconds <= bounds_[i]) ++counts_[i];
  }
  sum_ += seconds;
  ++count_;
}

void Histogram::write(std::string& out, std::string_view name) const {
  const std::string base(name);
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    line(out, base + "_bucket{" + label("le", number(bounds_[i])) + "}",
         std::to_string(counts_[i]));
  }
  line(out, base + "_bucket{le=\"+Inf\"}", std::to_string(count_));
  line(out, base + "_sum", number(sum_));
  line(out, base + "_count", std::to_string(count_));
}

}  // namespace ratls::status
