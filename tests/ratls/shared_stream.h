/// Streams that a test keeps its hands on: one that is shared, and one that drips.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include <ratls/transport.h>

namespace ratls::test {

/// The stream beneath a channel, for a test that goes on using it.
class SharedStream final : public Transport {
 public:
  explicit SharedStream(std::shared_ptr<Transport> inner) : inner_(std::move(inner)) {}
  Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline) override {
    return inner_->read(out, deadline);
  }
  Result<void> write(ByteView bytes, Deadline deadline) override {
    return inner_->write(bytes, deadline);
  }
  void end_writing() noexcept override { inner_->end_writing(); }

 private:
  std::shared_ptr<Transport> inner_;
};

/// Sends a byte at a time from a thread of its own, until all are out or it is destroyed.
class Drip {
 public:
  Drip(Transport& to, Bytes bytes, std::chrono::milliseconds pause = std::chrono::milliseconds(10))
      : thread_([this, &to, bytes = std::move(bytes), pause] {
          for (std::size_t at = 0; at < bytes.size() && !over_; ++at) {
            if (!to.write(ByteView(bytes).subspan(at, 1), after(std::chrono::seconds(5)))) return;
            std::this_thread::sleep_for(pause);
          }
        }) {}
  Drip(const Drip&) = delete;
  Drip& operator=(const Drip&) = delete;
  ~Drip() {
    over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace ratls::test
