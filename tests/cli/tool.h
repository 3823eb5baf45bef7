/// Running the tool as a user does.
#pragma once

#include <string>

#include "tests/support/files.h"

namespace ratls::test {

/// Runs "ratls <arguments>" through the shell. RATLS_TOOL is the built tool's path.
inline CommandResult tool(const std::string& arguments) {
  return run_command(std::string(RATLS_TOOL) + " " + arguments);
}

/// Without what goes to standard error.
inline CommandResult tool_out(const std::string& arguments) {
  return run_command("(" + std::string(RATLS_TOOL) + " " + arguments + " 2>/dev/null)");
}

}  // namespace ratls::test
