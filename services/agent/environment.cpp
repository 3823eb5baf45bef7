#include <ratls/services/agent/environment.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace ratls::agent {
namespace {

constexpr std::array<const char*, 3> kFixed{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/",
                                            "LANG=C.UTF-8"};

bool has_meaning(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{"PATH", "HOME", "LANG",
                                                   "ENV",  "IFS",  "BASH_ENV"};
  return name.starts_with("LD_") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// execve() takes arrays of char*, and promises not to write to them.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& each : strings) out.push_back(each.data());
  out.push_back(nullptr);
  return out;
}

// Overwrites in a way that the optimiser must keep.
void forget(std::string& text) {
  for (char& c : text) {
    volatile char* place = &c;
    *place = 0;
  }
}

}  // namespace

Result<void> check_variable_name(std::string_view name) {
  const bool shape = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!shape || (name.front() >= '0' && name.front() <= '9')) {
    return Error(Reason::invalid_config, "a variable is written like LLM_API_KEY");
  }
  if (has_meaning(name)) {
    return Error(Reason::invalid_config, "the variable " + std::string(name) + " is reserved");
  }
  return {};
}

Error exec_with_secret(const std::vector<std::string>& command, const SecretVariable& secret) {
  if (command.empty() || !command.front().starts_with('/')) {
    return Error(Reason::invalid_config, "the command must be an absolute path");
  }
  if (auto named = check_variable_name(secret.name); !named) return std::move(named).error();
  std::vector<std::string> environment(kFixed.begin(), kFixed.end());
  // One string of the final size: growing it would leave copies behind.
  environment.emplace_back();
  std::string& variable = environment.back();
  variable.reserve(secret.name.size() + 1 + secret.value.size());
  variable.append(secret.name).append("=");
  secret.value.expose([&](ByteView value) {
    for (const std::uint8_t byte : value) variable.push_back(static_cast<char>(byte));
  });
  if (variable.find('\0') != std::string::npos) {
    forget(variable);
    return Error(Reason::invalid_config, "the secret has a zero byte; no variable can hold it");
  }
  std::vector<std::string> arguments = command;
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  ::execve(argv.front(), argv.data(), envp.data());
  const int code = errno;
  forget(variable);
  return Error(Reason::io_error, command.front() + ": " + std::generic_category().message(code));
}

}  // namespace ratls::agent
