/// The blocking loop around a session: what Channel does.
#pragma once

#include <memory>
#include <utility>

#include <ratls/channel.h>
#include <ratls/core/guarded.h>

namespace ratls {

/// A session and the stream that it runs over.
class Channel::Impl {
 public:
  Impl(Session session, std::unique_ptr<Transport> transport, Timeouts timeouts)
      : session_(std::move(session)), transport_(std::move(transport)), timeouts_(timeouts) {}

  Session& session() noexcept { return session_; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }

  /// What `work` returns; where memory ran out around the session, it is over as well.
  template <class Work>
  auto contained(Work&& work) -> decltype(work()) {
    auto out = guarded(std::forward<Work>(work));
    if (!out && out.error().reason() == Reason::out_of_memory) {
      session_.abandon(Error(Reason::out_of_memory));
    }
    return out;
  }
  Result<void> run_handshake(Deadline deadline);
  Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline);
  Result<void> write(ByteView bytes, Deadline deadline);
  Result<void> accepted(Deadline deadline);
  Result<void> close(Deadline deadline);
  Result<void> at_rest();
  Result<void> request_evidence();

 private:
  Result<void> flush(Deadline deadline);
  Result<void> fill(Deadline deadline);
  Result<void> await_evidence(Deadline deadline);
  Result<void> wait(Deadline deadline);
  Result<void> wait_within(Deadline deadline);
  Result<void> until_writable(Deadline deadline);
  Result<void> look_at_verdict();
  Error after_failure();
  Error ended(const Error& error);
  void drain(Deadline deadline);

  Session session_;
  std::unique_ptr<Transport> transport_;
  Timeouts timeouts_;
  bool told_ = false;  // a failure's last bytes are out
};

}  // namespace ratls
