/// A byte stream under a channel.
#pragma once

#include <algorithm>
#include <chrono>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// When a call gives up, on the monotonic clock.
using Deadline = std::chrono::steady_clock::time_point;

/// None; what waits is bounded by the configuration's limits alone.
inline constexpr Deadline kNoDeadline = Deadline::max();

/// `limit` from now; a year where it is longer.
inline Deadline after(std::chrono::milliseconds limit) {
  constexpr std::chrono::hours kYear(24 * 365);
  return std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(limit, kYear);
}

/// An untrusted, ordered byte stream: TCP, a Unix socket, a pipe, memory.
/// Threads: one at a time.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// At least one byte, or 0 where the peer has ended its sending side. Where the deadline has
  /// passed already: what is there, without waiting. Errors: handshake_timeout (the deadline
  /// passed), connection_closed (reset), io_error.
  virtual Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline) = 0;
  /// All of `bytes`. Errors: as read().
  virtual Result<void> write(ByteView bytes, Deadline deadline) = 0;
  /// Ends this side's sending; reading goes on. Best effort.
  virtual void end_writing() noexcept = 0;
};

}  // namespace ratls
