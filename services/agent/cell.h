/// The child's side of a Process: shuts itself in, waits, executes. Runs after a fork of a process
/// that had one thread.
#pragma once

#include <string>

#include <ratls/services/agent/process.h>
#include <ratls/services/agent/rights.h>

namespace ratls::agent {

/// What the two sides say to each other, one packet each; the first byte says which.
namespace packet {
inline constexpr char kReady = 'R';     ///< child: shut in, without rights; may carry the listener
inline constexpr char kFailed = 'E';    ///< child: a reason's code, a line feed, then words
inline constexpr char kVariable = 'V';  ///< parent: NAME=VALUE
inline constexpr char kGo = 'G';        ///< parent: execute now
inline constexpr char kNoExec = 'X';    ///< child: errno in words
inline constexpr std::size_t kMax = 128 * 1024;
}  // namespace packet

/// Never returns.
[[noreturn]] void live_in_cell(const Cell& cell, const Account* account, int socket);

}  // namespace ratls::agent
