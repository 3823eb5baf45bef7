/// Names of secrets: kbs:///repo/type/tag.
#pragma once

#include <string>
#include <string_view>

#include <ratls/core/result.h>

namespace ratls::kbs {

/// A resource of a key broker. Each part is 1 to 64 characters of [A-Za-z0-9._-], and neither "."
/// nor ".."; a comparison of two is a comparison of texts.
struct Resource {
  std::string repository;
  std::string type;
  std::string tag;

  /// "kbs:///agents/llm/api-key". Errors: invalid_config.
  static Result<Resource> parse_uri(std::string_view text);
  /// "/kbs/v0/resource/agents/llm/api-key". Errors: unknown_resource, for everything else.
  static Result<Resource> parse_target(std::string_view target);

  [[nodiscard]] std::string uri() const;
  [[nodiscard]] std::string target() const;

  friend bool operator==(const Resource&, const Resource&) = default;
};

}  // namespace ratls::kbs
