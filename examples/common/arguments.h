/// Arguments of the examples: "--name value", "--flag", and after "--" a command.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/result.h>

namespace ratls::examples {

class Arguments {
 public:
  struct Allowed {
    std::vector<std::string_view> values;  ///< options that take a value, without "--"
    std::vector<std::string_view> flags;
  };
  /// Errors: invalid_config, for anything that is not allowed or stands there twice.
  static Result<Arguments> parse(int argc, char** argv, const Allowed& allowed);

  /// Errors: invalid_config where the option is not there.
  [[nodiscard]] Result<std::string> need(std::string_view name) const;
  [[nodiscard]] std::string value_or(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] bool has(std::string_view name) const { return given_.contains(name); }
  /// What followed "--".
  [[nodiscard]] const std::vector<std::string>& command() const noexcept { return command_; }

 private:
  std::map<std::string, std::string, std::less<>> given_;
  std::vector<std::string> command_;
};

}  // namespace ratls::examples
