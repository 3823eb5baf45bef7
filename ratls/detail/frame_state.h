/// What a framed session keeps beside its TLS engine.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <ratls/certgen/identity.h>
#include <ratls/core/secret.h>
#include <ratls/detail/exchange.h>
#include <ratls/detail/frames.h>
#include <ratls/detail/tls_engine.h>
#include <ratls/verify/verifier.h>

namespace ratls::detail {

struct FrameState {
  using Moment = std::chrono::steady_clock::time_point;
  /// The most application bytes that wait, each way, while evidence is exchanged.
  static constexpr std::size_t kMaxHeld = 1U << 20U;
  /// What waits for a reader before reading from TLS stops.
  static constexpr std::size_t kMaxInbox = 65536;

  explicit FrameState(Exchange::Rules rules) : exchange(rules) {}
  FrameState(const FrameState&) = delete;
  FrameState& operator=(const FrameState&) = delete;
  ~FrameState() { drop_bytes(); }
  void drop_bytes() noexcept {
    drop_inbox();
    drop_outbox();
  }
  void drop_inbox() noexcept {
    wipe(inbox);
    inbox.clear();
    inbox_read = 0;
  }
  void drop_outbox() noexcept {
    wipe(outbox);
    outbox.clear();
  }
  /// Application bytes that read() has not taken.
  [[nodiscard]] ByteView unread() const { return ByteView(inbox).subspan(inbox_read); }
  /// read() took `count` of them.
  void took(std::size_t count) {
    wipe(std::span(inbox).subspan(inbox_read, count));
    inbox_read += count;
    if (inbox_read < kMaxInbox && inbox_read < inbox.size()) return;
    inbox.erase(inbox.begin(), inbox.begin() + static_cast<std::ptrdiff_t>(inbox_read));
    inbox_read = 0;
  }

  Exchange exchange;
  FrameReader reader;
  std::shared_ptr<const Verifier> demand;     // asks before anything else
  std::shared_ptr<const Verifier> verifier;   // of evidence that was asked for; may be null
  std::shared_ptr<const Verifier> accepting;  // accept's, where it is another: judges it before
  std::optional<AttestedIdentity> answerer;
  std::optional<HandshakeDone> done;       // until the session opens
  std::optional<RequestFrame> unanswered;  // the peer's, whose evidence is not being made yet
  std::optional<FrameContext> answering;   // the one whose evidence is
  std::optional<Moment> evidence_by;
  std::optional<Moment> verdict_by;
  Bytes inbox;                 // application bytes for read()
  std::size_t inbox_read = 0;  // how many of them it took
  Bytes outbox;                // and of write(), held back
  bool started = false;        // TLS is over
  bool end_seen = false;       // the peer's close_notify stands behind the inbox
  bool end_sent = false;
};

}  // namespace ratls::detail
