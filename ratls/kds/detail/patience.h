/// How long a request may go on, and whether anybody still wants it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include <ratls/core/result.h>
#include <ratls/transport.h>

namespace ratls::kds {

/// A deadline that can be called off from another thread. A value; `stopped` is borrowed.
class Patience {
 public:
  Patience(Deadline deadline, const std::atomic<bool>& stopped) noexcept
      : deadline_(deadline), stopped_(&stopped) {}

  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }
  /// The earlier of the deadline and `limit` from now.
  [[nodiscard]] Deadline within(std::chrono::milliseconds limit) const {
    return std::min(deadline_, after(limit));
  }
  /// Errors: kds_timeout, connection_closed (called off).
  [[nodiscard]] Result<void> check() const {
    if (stopped_->load()) return Error(Reason::connection_closed, "the client was shut down");
    if (std::chrono::steady_clock::now() >= deadline_) return Error(Reason::kds_timeout);
    return {};
  }
  /// A wait is cut into pieces of this, so that being called off is noticed.
  static constexpr std::chrono::milliseconds kSlice{100};

 private:
  Deadline deadline_;
  const std::atomic<bool>* stopped_;
};

}  // namespace ratls::kds
