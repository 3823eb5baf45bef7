#include <ratls/core/pem.h>

#include <algorithm>

#include <ratls/core/base64.h>

namespace ratls {

namespace {

std::string begin_of(std::string_view label) {
  return "-----BEGIN " + std::string(label) + "-----";
}

std::string end_of(std::string_view label) {
  return "-----END " + std::string(label) + "-----";
}

// Line breaks and blanks are all that may stand between the digits.
std::string without_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') out += c;
  }
  return out;
}

}  // namespace

bool has_pem(ByteView file, std::string_view label) {
  const std::string begin = begin_of(label);
  return std::search(file.begin(), file.end(), begin.begin(), begin.end()) != file.end();
}

Result<std::vector<Bytes>> read_pem(ByteView file, std::string_view label, Reason on_error) {
  const std::string text = to_string(file);
  const std::string begin = begin_of(label);
  const std::string end = end_of(label);
  std::vector<Bytes> out;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    const std::size_t from = at + begin.size();
    const std::size_t to = text.find(end, from);
    if (to == std::string::npos) return Error(on_error, "a PEM block does not end");
    if (out.size() == kMaxPemBlocks) return Error(on_error, "more than 16 PEM blocks");
    auto content = from_base64(without_space(std::string_view(text).substr(from, to - from)));
    if (!content) return Error(on_error, "the PEM armour is damaged");
    out.push_back(*std::move(content));
    at = to + end.size();
  }
  if (out.empty()) return Error(on_error, "no " + std::string(label) + " in PEM");
  return out;
}

}  // namespace ratls
