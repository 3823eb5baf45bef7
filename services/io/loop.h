/// One thread's event loop, on libuv: timers, and calls from other threads. Streams are in
/// stream.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ratls/core/error.h>

struct uv_loop_s;

namespace ratls::io {

/// Calls from other threads into a loop. May outlive it; then what is posted is dropped.
/// Threads: share freely.
class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  virtual ~Inbox() = default;
  /// `call` runs once on the loop's thread, soon.
  virtual void post(std::function<void()> call) = 0;
};

/// Threads: one, except for inbox(). Whatever runs on it must be gone before it is.
class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Runs until stop().
  void run();
  void stop();
  [[nodiscard]] std::shared_ptr<Inbox> inbox() const;
  [[nodiscard]] uv_loop_s* native() noexcept;
  /// 64 KiB that all streams of this loop read into, one after another: what lies in it counts
  /// until the callback that was given it returns, and is wiped then.
  [[nodiscard]] std::span<std::uint8_t> read_buffer() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Calls once after a while. Destroying or restarting it forgets the call.
class Timer {
 public:
  explicit Timer(Loop& loop);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();
  void start(std::chrono::milliseconds wait, std::function<void()> call);
  void stop();

 private:
  struct State;
  State* state_;  ///< lives until libuv has let go of it
};

/// Calls for each of some signals (SIGINT and SIGTERM), in place of what the process would do.
class Signals {
 public:
  Signals(Loop& loop, std::function<void(int)> call);
  Signals(Loop& loop, const std::vector<int>& numbers, const std::function<void(int)>& call);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  struct State;
  std::vector<State*> states_;
};

/// Runs `work` on a thread of libuv's pool, and then `done` on the loop's: for what blocks. The
/// loop does not end before both have run. Threads: the loop's.
void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done);

/// What libuv's error code says, as the connection's error. `what` says what was being done.
Error error_of(int code, const std::string& what);

}  // namespace ratls::io
