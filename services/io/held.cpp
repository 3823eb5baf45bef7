#include <ratls/services/io/held.h>

#include <utility>

namespace ratls::io {

HeldStream::HeldStream(Loop& loop, std::unique_ptr<Stream> wire)
    : wire_(std::move(wire)), later_(loop) {}

HeldStream::~HeldStream() = default;

void HeldStream::hold(std::function<void()> came, std::function<void()> gone) {
  came_ = std::move(came);
  gone_ = std::move(gone);
  Events events;
  events.bytes = [this](ByteView bytes) { take(bytes); };
  events.end = [this] { left(events_.end); };
  events.failed = [this](const Error& error) {
    left([call = events_.failed, error] { call(error); });
  };
  events.drained = [this] {
    const auto call = events_.drained;
    if (call) call();
  };
  wire_->start(std::move(events));
}

void HeldStream::take(ByteView bytes) {
  if (started_) {
    const auto call = events_.bytes;
    call(bytes);
    return;
  }
  wire_->pause();
  if (bytes.size() > kMost) {
    overlong_ = true;
    const auto call = std::exchange(gone_, nullptr);
    return call();
  }
  first_.assign(bytes.begin(), bytes.end());
  const auto call = std::exchange(came_, nullptr);
  call();
}

void HeldStream::left(const std::function<void()>& otherwise) {
  const auto call = started_ ? otherwise : std::exchange(gone_, nullptr);
  if (call) call();
}

// Not inside start(): its caller may not be ready for an event yet.
void HeldStream::start(Events events) {
  events_ = std::move(events);
  started_ = true;
  later_.start(std::chrono::milliseconds(0), [this] { deliver(); });
}

void HeldStream::deliver() {
  const Bytes first = std::exchange(first_, {});
  const std::weak_ptr<int> alive = alive_;
  const auto call = events_.bytes;
  if (!first.empty()) call(first);
  if (!alive.expired() && !paused_) wire_->resume();
}

void HeldStream::pause() {
  paused_ = true;
  wire_->pause();
}

void HeldStream::resume() {
  paused_ = false;
  if (first_.empty()) wire_->resume();
}

}  // namespace ratls::io
