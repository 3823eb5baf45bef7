/// A stream that was accepted and has not been served yet: its first bytes wait with it.
#pragma once

#include <functional>
#include <memory>

#include <ratls/services/io/stream.h>

namespace ratls::io {

/// Costs some hundred bytes and what has come, so that many may wait. Threads: the loop's.
class HeldStream final : public Stream {
 public:
  /// Of what has come before start(); more is refused.
  static constexpr std::size_t kMost = 8192;

  HeldStream(Loop& loop, std::unique_ptr<Stream> wire);
  ~HeldStream() override;

  /// Reads until the first bytes are there and calls `came` once, or `gone` once where the peer
  /// ends first, fails, or sends more than kMost. Each may destroy this. Call it once.
  void hold(std::function<void()> came, std::function<void()> gone);

  /// Did it send more than kMost?
  [[nodiscard]] bool overlong() const noexcept { return overlong_; }

  /// From here on it is the stream inside; what was held comes first.
  void start(Events events) override;
  void pause() override;
  void resume() override;
  void write(ByteView bytes) override { wire_->write(bytes); }
  [[nodiscard]] std::size_t queued() const override { return wire_->queued(); }
  void end() override { wire_->end(); }
  void abort() override { wire_->abort(); }

 private:
  void take(ByteView bytes);
  void left(const std::function<void()>& otherwise);
  void deliver();

  std::unique_ptr<Stream> wire_;
  Events events_;
  bool started_ = false;
  bool paused_ = false;
  bool overlong_ = false;
  Bytes first_;
  std::function<void()> came_;
  std::function<void()> gone_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< what deliver() looks at
  Timer later_;
};

}  // namespace ratls::io
