/// Tells systemd how a service is doing: sd_notify(3) and sd_watchdog_enabled(3), without its
/// library.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <ratls/services/io/loop.h>

namespace ratls::io {

/// "READY=1", "STOPPING=1", "STATUS=..."; nothing where no NOTIFY_SOCKET was passed. Best effort.
void notify_manager(std::string_view state);

/// How often systemd wants to hear of this process; nothing where it does not.
std::optional<std::chrono::milliseconds> watchdog_interval();

/// Says "WATCHDOG=1" twice in every interval while the loop turns. Threads: the loop's.
class Watchdog {
 public:
  explicit Watchdog(Loop& loop);

 private:
  void tell();

  Timer timer_;
  std::optional<std::chrono::milliseconds> interval_;
};

}  // namespace ratls::io
