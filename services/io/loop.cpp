#include <ratls/services/io/loop.h>

#include <csignal>
#include <mutex>
#include <utility>
#include <vector>

#include <uv.h>

namespace ratls::io {

namespace {

/// Shared by the loop and all who post; the handle belongs to the loop alone.
class Mailbox final : public Inbox {
 public:
  explicit Mailbox(uv_loop_t* loop) : handle_(new uv_async_t) {
    uv_async_init(loop, handle_,
                  [](uv_async_t* handle) { static_cast<Mailbox*>(handle->data)->deliver(); });
    handle_->data = this;
  }

  void post(std::function<void()> call) override {
    const std::lock_guard lock(mutex_);
    if (handle_ == nullptr) return;
    calls_.push_back(std::move(call));
    uv_async_send(handle_);
  }

  void close() {
    const std::lock_guard lock(mutex_);
    auto* handle = reinterpret_cast<uv_handle_t*>(std::exchange(handle_, nullptr));
    uv_close(handle, [](uv_handle_t* closed) { delete reinterpret_cast<uv_async_t*>(closed); });
    calls_.clear();
  }

 private:
  void deliver() {
    std::vector<std::function<void()>> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& call : calls) call();
  }

  std::mutex mutex_;
  uv_async_t* handle_;  ///< null once closed
  std::vector<std::function<void()>> calls_;
};

// Frees the State whose first member is the handle.
template <class State, class Handle>
void close_and_free(State* state) {
  state->call = nullptr;
  auto* handle = reinterpret_cast<uv_handle_t*>(static_cast<Handle*>(&state->handle));
  handle->data = state;
  uv_close(handle, [](uv_handle_t* closed) { delete static_cast<State*>(closed->data); });
}

}  // namespace

class Loop::Impl {
 public:
  Impl() {
    uv_loop_init(&loop);
    mailbox = std::make_shared<Mailbox>(&loop);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    mailbox->close();
    uv_run(&loop, UV_RUN_DEFAULT);  // closing callbacks; no handle is open any more
    uv_loop_close(&loop);
  }

  uv_loop_t loop{};
  std::shared_ptr<Mailbox> mailbox;
  std::vector<std::uint8_t> read_buffer = std::vector<std::uint8_t>(65536);
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  impl_->loop.data = this;  // the way back from a handle
}
Loop::~Loop() = default;

void Loop::run() {
  uv_run(&impl_->loop, UV_RUN_DEFAULT);
}

void Loop::stop() {
  uv_stop(&impl_->loop);
}

std::shared_ptr<Inbox> Loop::inbox() const {
  return impl_->mailbox;
}

uv_loop_t* Loop::native() noexcept {
  return &impl_->loop;
}

std::span<std::uint8_t> Loop::read_buffer() noexcept {
  return impl_->read_buffer;
}

struct Timer::State {
  uv_timer_t handle{};
  std::function<void()> call;
};

Timer::Timer(Loop& loop) : state_(new State) {
  uv_timer_init(loop.native(), &state_->handle);
  state_->handle.data = state_;
}

Timer::~Timer() {
  close_and_free<State, uv_timer_t>(state_);
}

void Timer::start(std::chrono::milliseconds wait, std::function<void()> call) {
  state_->call = std::move(call);
  uv_update_time(state_->handle.loop);
  uv_timer_start(
      &state_->handle,
      [](uv_timer_t* handle) {
        // Moved out: the call may destroy or restart this timer.
        auto due = std::exchange(static_cast<State*>(handle->data)->call, nullptr);
        if (due) due();
      },
      wait.count() < 0 ? 0 : static_cast<std::uint64_t>(wait.count()), 0);
}

void Timer::stop() {
  uv_timer_stop(&state_->handle);
  state_->call = nullptr;
}

struct Signals::State {
  uv_signal_t handle{};
  std::function<void(int)> call;
};

Signals::Signals(Loop& loop, std::function<void(int)> call)
    : Signals(loop, {SIGINT, SIGTERM}, call) {}

Signals::Signals(Loop& loop, const std::vector<int>& numbers,
                 const std::function<void(int)>& call) {
  for (const int number : numbers) {
    auto* state = new State;
    states_.push_back(state);
    uv_signal_init(loop.native(), &state->handle);
    state->handle.data = state;
    state->call = call;
    uv_signal_start(
        &state->handle,
        [](uv_signal_t* handle, int got) {
          const auto& due = static_cast<State*>(handle->data)->call;
          if (due) due(got);
        },
        number);
  }
}

Signals::~Signals() {
  for (State* state : states_) close_and_free<State, uv_signal_t>(state);
}

namespace {

struct Background {
  uv_work_t request{};
  std::function<void()> work;
  std::function<void()> done;
};

}  // namespace

void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done) {
  auto* background = new Background{{}, std::move(work), std::move(done)};
  background->request.data = background;
  uv_queue_work(
      loop.native(), &background->request,
      [](uv_work_t* request) { static_cast<Background*>(request->data)->work(); },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Background> over(static_cast<Background*>(request->data));
        over->done();
      });
}

Error error_of(int code, const std::string& what) {
  const std::string detail = what + ": " + uv_strerror(code);
  switch (code) {
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ECANCELED:
      return Error(Reason::connection_closed, detail);
    case UV_ECONNREFUSED:
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_ETIMEDOUT:
    case UV_ENOENT:
    case UV_EADDRINUSE:
    case UV_EADDRNOTAVAIL:
      return Error(Reason::connection_failed, detail);
    default:
      return Error(Reason::io_error, detail);
  }
}

}  // namespace ratls::io
