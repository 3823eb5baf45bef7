/// A ratls stream over a network stack that offers two functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include <ratls/transport.h>

namespace ratls::examples {

/// What the stack offers. Both return a number of bytes, 0 where the peer has ended (receive), or
/// kLate after `milliseconds` of waiting, or kBroken.
struct Stack {
  static constexpr int kLate = -1;
  static constexpr int kBroken = -2;
  void* context;
  int (*send)(void* context, const unsigned char* bytes, int size, int milliseconds);
  int (*receive)(void* context, unsigned char* out, int size, int milliseconds);
  void (*end)(void* context);
};

class CallbackTransport final : public Transport {
 public:
  explicit CallbackTransport(const Stack& stack) : stack_(stack) {}

  Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline) override {
    const int room = static_cast<int>(std::min(out.size(), kMost));
    return result(stack_.receive(stack_.context, out.data(), room, left(deadline)));
  }
  Result<void> write(ByteView bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      const int size = static_cast<int>(std::min(bytes.size(), kMost));
      RATLS_TRY(const std::size_t sent,
                result(stack_.send(stack_.context, bytes.data(), size, left(deadline))));
      bytes = bytes.subspan(sent);
    }
    return {};
  }
  void end_writing() noexcept override { stack_.end(stack_.context); }

 private:
  static constexpr std::size_t kMost = 16384;

  // A deadline that has passed waits for nothing, and takes what is there.
  static int left(Deadline deadline) {
    using std::chrono::milliseconds;
    const auto wait = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 60000));
  }
  static Result<std::size_t> result(int code) {
    if (code >= 0) return static_cast<std::size_t>(code);
    if (code == Stack::kLate) return Error(Reason::handshake_timeout, "the deadline passed");
    return Error(Reason::connection_closed, "the stack gave up");
  }

  Stack stack_;
};

}  // namespace ratls::examples
