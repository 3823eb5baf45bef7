#include <ratls/detail/channel_impl.h>

#include <algorithm>
#include <array>

namespace ratls {

namespace {

constexpr std::size_t kChunk = 16384;
constexpr int kMaxLooks = 4;
constexpr std::size_t kMaxDrained = 65536;  // docs/protocol.md, section 6

}  // namespace

Result<void> Channel::Impl::flush(Deadline deadline) {
  while (!session_.output().empty()) {
    const std::size_t size = session_.output().size();
    RATLS_CHECK(transport_->write(session_.output(), deadline));
    session_.sent(size);
  }
  return {};
}

Result<void> Channel::Impl::fill(Deadline deadline) {
  std::array<std::uint8_t, kChunk> chunk{};
  RATLS_TRY(const std::size_t got, transport_->read(chunk, deadline));
  if (got == 0) session_.feed_end();
  // The session takes all that is offered as long as it is drained after each read.
  if (session_.feed(ByteView(chunk).first(got)) != got) {
    return Error(Reason::internal, "the session's input is full");
  }
  return {};
}

// The report is made elsewhere; this thread only waits for it.
Result<void> Channel::Impl::await_evidence(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() > 0 && session_.wait_evidence(left)) return {};
  return Error(Reason::evidence_timeout, "the firmware took longer than the handshake may");
}

// The session's own error says more than the transport's.
Error Channel::Impl::after_failure() {
  const Deadline deadline = after(timeouts_.drain);
  const bool has_words = !session_.output().empty();
  static_cast<void>(flush(deadline));  // the alert; the peer may be gone
  if (has_words && !told_) drain(deadline);
  told_ = true;
  return *session_.failure();
}

// An error of an open session's call; what it still has to say goes out first.
Error Channel::Impl::ended(const Error& error) {
  return session_.failure() == nullptr ? error : after_failure();
}

// For this side's firmware where it works, else for the peer, up to the session's own deadline. A
// peer that sends a byte now and then lets every wait succeed, so `deadline` is looked at first.
Result<void> Channel::Impl::wait(Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline) {
    if (session_.expire() == Session::State::failed) return after_failure();
    return Error(Reason::handshake_timeout, "the deadline passed");
  }
  const Deadline first = std::min(session_.deadline().value_or(deadline), deadline);
  auto flushed = flush(first);
  Result<void> waited;
  if (session_.making_evidence()) {
    waited = await_evidence(first);
    if (waited) session_.advance();
  } else {
    // Also where nothing can be sent any more: a VERDICT that lies in the input says why.
    waited = fill(first);
  }
  if (waited) return waited;
  if (session_.expire() == Session::State::failed) return after_failure();
  return flushed ? waited : flushed;
}

// What has missed its deadline is over.
Result<void> Channel::Impl::wait_within(Deadline deadline) {
  auto waited = wait(deadline);
  if (!waited) session_.abandon(waited.error());
  return waited;
}

Result<void> Channel::Impl::until_writable(Deadline deadline) {
  while (!session_.writable()) {
    session_.advance();
    if (session_.failure() != nullptr) return after_failure();
    if (session_.writable()) break;
    RATLS_CHECK(wait_within(deadline));
  }
  return {};
}

// close() over unread bytes makes a TCP reset, which can overtake the VERDICT; so end our side
// and let the peer read first.
void Channel::Impl::drain(Deadline deadline) {
  transport_->end_writing();
  std::array<std::uint8_t, kChunk> dropped{};
  std::size_t total = 0;
  while (total < kMaxDrained) {
    const auto got = transport_->read(dropped, deadline);
    if (!got || *got == 0) return;
    total += *got;
  }
}

Result<void> Channel::Impl::run_handshake(Deadline deadline) {
  while (true) {
    Session::State state = session_.advance();
    if (state != Session::State::open) state = session_.expire();
    if (session_.failure() != nullptr) return after_failure();
    RATLS_CHECK(flush(std::min(session_.deadline().value_or(deadline), deadline)));
    if (state == Session::State::open) return {};
    RATLS_CHECK(wait_within(deadline));
  }
}

Result<std::size_t> Channel::Impl::read(std::span<std::uint8_t> out, Deadline deadline) {
  deadline = std::min(deadline, after(timeouts_.idle));
  while (true) {
    const auto got = session_.read(out);
    if (!got) return ended(got.error());
    if (got->size > 0 || got->end || out.empty()) return got->size;
    if (auto waited = wait_within(deadline); !waited) return waited.error();
  }
}

// A stream that breaks may have brought a VERDICT that says why; one that is too slow, too.
Result<void> Channel::Impl::write(ByteView bytes, Deadline deadline) {
  deadline = std::min(deadline, after(timeouts_.idle));
  while (!bytes.empty()) {
    RATLS_CHECK(until_writable(deadline));
    const ByteView chunk = bytes.first(std::min(kChunk, bytes.size()));
    if (auto written = session_.write(chunk); !written) return ended(written.error());
    if (auto sent = flush(deadline); !sent) {
      RATLS_CHECK(sent.error().kind() == Errc::timeout ? look_at_verdict() : accepted(kNoDeadline));
      session_.abandon(sent.error());
      return sent;
    }
    bytes = bytes.subspan(chunk.size());
  }
  return {};
}

Result<void> Channel::Impl::look_at_verdict() {
  static_cast<void>(fill(std::chrono::steady_clock::now()).has_value());
  const auto known = session_.poll_acceptance();
  return known ? Result<void>{} : ended(known.error());
}

Result<void> Channel::Impl::accepted(Deadline deadline) {
  deadline = std::min(deadline, after(timeouts_.verdict));
  while (true) {
    const auto known = session_.poll_acceptance();
    if (!known) return ended(known.error());
    if (*known) return {};
    if (auto waited = wait(deadline); !waited) {
      session_.abandon(Error(Reason::verdict_missing, waited.error().message()));
      return *session_.failure();
    }
  }
}

Result<void> Channel::Impl::close(Deadline deadline) {
  RATLS_CHECK(accepted(deadline));
  RATLS_CHECK(until_writable(std::min(deadline, after(timeouts_.idle))));
  RATLS_CHECK(session_.close());
  RATLS_CHECK(flush(std::min(deadline, after(timeouts_.drain))));
  transport_->end_writing();
  return {};
}

// Tickets, and a peer's end, may lie in the stream. Nothing here waits, nor tells the peer.
Result<void> Channel::Impl::at_rest() {
  for (int looks = 0; looks < kMaxLooks; ++looks) {
    RATLS_CHECK(session_.at_rest());
    const auto more = fill(std::chrono::steady_clock::now());
    if (more) continue;
    if (more.error().kind() == Errc::timeout) return {};
    session_.abandon(more.error());
    return more;
  }
  return Error(Reason::channel_busy, "the peer goes on sending");
}

Result<void> Channel::Impl::request_evidence() {
  if (auto asked = session_.request_evidence(); !asked) return ended(asked.error());
  const Deadline deadline = after(timeouts_.evidence);
  while (session_.requesting()) {
    session_.advance();
    if (session_.failure() != nullptr) return after_failure();
    if (!session_.requesting()) break;
    RATLS_CHECK(wait_within(deadline));
  }
  return flush(after(timeouts_.idle));
}

}  // namespace ratls
