/// One attested TLS session without I/O: feed bytes, take bytes, look at the state.
///
/// For event loops. A program that may block uses connect(), Server and Channel.
/// Threads: one at a time. Only the wake-up of Session::wait_evidence comes from another thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <ratls/config.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/peer.h>
#include <ratls/verify/verdict.h>

namespace ratls {

class Session {
 public:
  enum class State : std::uint8_t {
    handshaking,        ///< needs bytes of the peer
    awaiting_evidence,  ///< this side's report is being made; see evidence_ready()
    open,               ///< application bytes may flow; on an attested client see poll_acceptance()
    refusing,           ///< the peer was refused: send output(), end the sending side, drop input
    closed,             ///< both sides ended in order
    failed,             ///< ended by an error; absorbing, keys wiped
  };

  /// Errors: invalid_config, internal.
  static Result<Session> client(const ClientConfig& config);
  static Result<Session> server(const ServerConfig& config);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Takes bytes of the peer; says how many. Fewer than given only while 64 KiB wait already.
  std::size_t feed(ByteView bytes);
  /// The peer has ended its sending side.
  void feed_end();
  /// Bytes for the peer. After sending `count` of them call sent(count).
  [[nodiscard]] ByteView output() const;
  void sent(std::size_t count);

  /// Goes as far as the bytes allow and says where that is. Call it after feed(), feed_end() and
  /// when evidence is ready; a framed session answers its peer's REQUESTs here and in read().
  State advance();
  [[nodiscard]] State state() const;
  /// Why it is refusing or failed; null otherwise.
  [[nodiscard]] const Error* failure() const;
  /// Ends it with `reason`, for a deadline that passed: keys are wiped, the state is failed.
  void abandon(Error reason);

  /// In awaiting_evidence: would advance() get on? And a wake-up for event loops: `wake` is called
  /// once, from the Attester's thread, and may only wake somebody (see PendingEvidence).
  [[nodiscard]] bool evidence_ready() const;
  void on_evidence_ready(std::function<void()> wake);
  /// Blocks until this side's evidence is there, at most `limit`; says whether it is. True at once
  /// where none is being made.
  [[nodiscard]] bool wait_evidence(std::chrono::milliseconds limit) const;

  /// Asks the peer for fresh evidence on an open framed session, by a REQUEST in output(); where
  /// one is open already this is that one. Until the peer's EVIDENCE was judged nothing is
  /// delivered and write() holds back. The outcome: requesting() ends; verdict() and peer() are the
  /// new ones, or the state is refusing. Errors: invalid_config where no verifier is configured for
  /// it, reattestation_off, channel_failed.
  Result<void> request_evidence();
  /// Is this side's REQUEST open?
  [[nodiscard]] bool requesting() const;
  /// Is this side's evidence being made, also on an open session?
  [[nodiscard]] bool making_evidence() const;
  /// May write() go out at once? While evidence is exchanged it is held back.
  [[nodiscard]] bool writable() const;
  /// When the session must be open, at the latest (handshake_limit() after it was made); once it
  /// is, when the peer's EVIDENCE or VERDICT of an exchange is overdue. Call expire() then.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const;
  /// Fails the session where deadline() has passed: handshake_timeout, evidence_timeout,
  /// verdict_missing, evidence_not_requested.
  State expire();

  /// The other end; null before the session is open.
  [[nodiscard]] const Peer* peer() const;
  /// This side's verdict over the peer's evidence, also after a refusal; null where none was
  /// judged.
  [[nodiscard]] const Verdict* verdict() const;
  /// Has the peer accepted this side? True at once for a side that showed no evidence and was asked
  /// for none. Otherwise it takes the peer's VERDICT, which this consumes as far as it has arrived.
  /// Errors: as read().
  Result<bool> poll_acceptance();

  /// Is nothing under way? Both directions are open, this side was accepted, and of what was fed
  /// nothing is unread; output() is empty, and no evidence is exchanged. Errors: channel_busy where
  /// something is, connection_closed where a side has ended, and those of read().
  Result<void> at_rest();
  /// Records that each direction may still carry (ClientConfig::record_limit), the smaller.
  [[nodiscard]] std::uint64_t records_left() const;

  struct Read {
    std::size_t size = 0;
    bool end = false;  ///< the peer closed in order
  };
  /// Application bytes of an open session. size 0 without end: feed more first. On an attested
  /// client nothing is delivered before the server's acceptance arrived.
  /// Errors: peer_refused, cannot_judge_now, verdict_missing, malformed_frame, truncated_stream,
  /// tls_failed, channel_failed. Framed: those of a refused peer, and framing_mismatch,
  /// frame_out_of_order, duplicate_request, context_reused, context_mismatch,
  /// unsolicited_evidence, evidence_missing, level_unavailable, cannot_attest, reattestation_off,
  /// held_data_limit.
  Result<Read> read(std::span<std::uint8_t> out);
  /// Encrypts all of `bytes` into output(); keeps them, at most 1 MiB, while not writable().
  /// Errors: channel_failed, tls_failed; held_data_limit, with nothing taken.
  Result<void> write(ByteView bytes);
  /// Ends this side's sending with close_notify; reading goes on until the peer ends its own.
  Result<void> close();

  /// Keying material that both ends of this session can make and nobody else (RFC 8446, 7.5): fills
  /// `out`, 1 to 8160 bytes, from `label`, 1 to 249 printable ASCII characters that your protocol
  /// chose for one use, and `context`, which may be empty. Needs an open session; on an attested
  /// client it may come before the server's acceptance, and then it proves no more than that
  /// server's identity. Errors: channel_failed; label_reserved for labels that begin like this
  /// library's own; invalid_config for other sizes and characters.
  Result<void> exporter(std::string_view label, ByteView context, std::span<std::uint8_t> out);

  [[nodiscard]] std::string alpn() const;          ///< the negotiated protocol; may be empty
  [[nodiscard]] std::string cipher_suite() const;  ///< e.g. "TLS1-3-AES-128-GCM-SHA256"

 private:
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ratls
