#include <ratls/services/kbs/resource.h>

#include <algorithm>
#include <optional>

namespace ratls::kbs {
namespace {

constexpr std::string_view kScheme = "kbs:///";
constexpr std::string_view kPath = "/kbs/v0/resource/";
constexpr std::size_t kMaxPart = 64;

bool is_part(std::string_view text) {
  constexpr std::string_view kMarks = "._-";
  if (text.empty() || text.size() > kMaxPart || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

std::optional<Resource> parse_parts(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  const std::size_t first = text.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  Resource out{std::string(text.substr(0, first)),
               std::string(text.substr(first + 1, second - first - 1)),
               std::string(text.substr(second + 1))};
  if (!is_part(out.repository) || !is_part(out.type) || !is_part(out.tag)) return std::nullopt;
  return out;
}

}  // namespace

Result<Resource> Resource::parse_uri(std::string_view text) {
  auto out = parse_parts(text, kScheme);
  if (!out) return Error(Reason::invalid_config, "a resource is written kbs:///repo/type/tag");
  return *std::move(out);
}

Result<Resource> Resource::parse_target(std::string_view target) {
  auto out = parse_parts(target, kPath);
  if (!out) return Error(Reason::unknown_resource);
  return *std::move(out);
}

std::string Resource::uri() const {
  return std::string(kScheme) + repository + "/" + type + "/" + tag;
}

std::string Resource::target() const {
  return std::string(kPath) + repository + "/" + type + "/" + tag;
}

}  // namespace ratls::kbs
