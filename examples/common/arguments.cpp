#include "arguments.h"

#include <algorithm>
#include <span>

namespace ratls::examples {
namespace {

bool contains(const std::vector<std::string_view>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Error wrong(std::string what) {
  return Error(Reason::invalid_config, std::move(what) + "; see --help");
}

}  // namespace

Result<Arguments> Arguments::parse(int argc, char** argv, const Allowed& allowed) {
  Arguments out;
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string word = words[i];
    if (word == "--") {
      out.command_.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (!word.starts_with("--")) return wrong("unexpected argument " + word);
    const std::string name = word.substr(2);
    const bool takes_value = contains(allowed.values, name);
    if (!takes_value && !contains(allowed.flags, name)) return wrong("unknown option " + word);
    if (takes_value && i + 1 == words.size()) return wrong(word + " needs a value");
    if (!out.given_.emplace(name, takes_value ? words[++i] : "").second) {
      return wrong(word + " stands there twice");
    }
  }
  return out;
}

Result<std::string> Arguments::need(std::string_view name) const {
  const auto found = given_.find(name);
  if (found == given_.end()) return wrong("--" + std::string(name) + " is missing");
  return found->second;
}

std::string Arguments::value_or(std::string_view name, std::string_view otherwise) const {
  const auto found = given_.find(name);
  return std::string(found == given_.end() ? otherwise : std::string_view(found->second));
}

}  // namespace ratls::examples
