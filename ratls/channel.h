/// A channel: application bytes to a peer that was authenticated, in the way the configuration
/// asked for. Holding a Channel is the proof; there is no way to make one but a handshake in
/// which every condition held.
///
/// Blocking, with deadlines: a call ends within its limit of Timeouts and before the caller's own
/// deadline, in however small parts the peer sends or takes bytes; what misses it ends the channel.
/// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <ratls/config.h>
#include <ratls/core/result.h>
#include <ratls/peer.h>
#include <ratls/session.h>
#include <ratls/tcp.h>
#include <ratls/transport.h>

namespace ratls {

class Channel {
 public:
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  /// Closes without waiting; call close() to know that everything arrived.
  ~Channel();

  /// At least one byte, or 0 where the peer closed in order. On an attested client the first read
  /// waits for the server's VERDICT, and a refusal is the error of this and every later call.
  /// Errors: peer_refused, verdict_missing, truncated_stream, handshake_timeout (idle too long)...
  Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline = kNoDeadline);
  /// All of `bytes`, within timeouts.idle: write what may take longer in parts. An attested client
  /// may write before the server's VERDICT arrived: a server that refuses reads none of it.
  /// Errors: as read().
  Result<void> write(ByteView bytes, Deadline deadline = kNoDeadline);
  /// Waits until the peer has accepted this side; at once where it does not judge evidence.
  /// Errors: peer_refused, cannot_judge_now, verdict_missing.
  Result<void> accepted(Deadline deadline = kNoDeadline);
  /// Framed, with reattestation on both sides: asks the peer for fresh evidence and waits until it
  /// was judged, at most timeouts.evidence. Bytes of the peer that arrive meanwhile are for read().
  /// peer() and verdict() are the new ones then. The peer answers while it is inside read(),
  /// write(), accepted() or request_evidence(). Errors: the refusal; evidence_timeout,
  /// evidence_missing, reattestation_off, held_data_limit, invalid_config.
  Result<void> request_evidence();
  /// Waits for acceptance, then ends this side's sending in order; read() goes on until the peer
  /// ends its own. Errors: as accepted().
  Result<void> close(Deadline deadline = kNoDeadline);
  /// Could another use of this channel begin here? Looks at what has arrived and waits for nothing:
  /// both directions are open, this side was accepted, nothing is unread, unsent or under way.
  /// Errors: channel_busy, connection_closed, and those of read().
  Result<void> at_rest();
  /// Records that each direction may still carry (ClientConfig::record_limit), the smaller; 0 where
  /// the channel is over. Open a new one in good time.
  [[nodiscard]] std::uint64_t records_left() const;

  /// Keying material that both ends of this session can make and nobody else (RFC 8446, 7.5): fills
  /// `out`, 1 to 8160 bytes, from `label`, 1 to 249 printable ASCII characters that your protocol
  /// chose for one use, and `context`, which may be empty. Needs an open channel; on an attested
  /// client it may come before the server's acceptance, and then it proves no more than that
  /// server's identity. Errors: channel_failed; label_reserved for labels that begin like this
  /// library's own; invalid_config for other sizes and characters.
  Result<void> exporter(std::string_view label, ByteView context, std::span<std::uint8_t> out);

  /// Who the other end is.
  [[nodiscard]] const Peer& peer() const noexcept;
  /// This side's verdict over the peer's evidence; null where it was not judged by evidence. Valid
  /// until the peer is judged again.
  [[nodiscard]] const Verdict* verdict() const noexcept;
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] std::string cipher_suite() const;

 private:
  friend class Handshake;
  class Impl;
  explicit Channel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What a handshake came to: a channel, or why not; and the verdict in either case.
struct HandshakeResult {
  Result<Channel> channel;
  std::optional<Verdict> verdict;  ///< over the peer's evidence, where it got that far
};

/// Opens a channel to the server at `address`, within handshake_limit(config) and before
/// `deadline`, whichever ends first: one limit over the name, TCP and the handshake. A look-up
/// cannot be cut short (getaddrinfo(3)); what it takes counts.
HandshakeResult connect(const Address& address, const ClientConfig& config,
                        Deadline deadline = kNoDeadline);
/// The same over a stream that is connected already.
HandshakeResult connect_over(std::unique_ptr<Transport> transport, const ClientConfig& config,
                             Deadline deadline = kNoDeadline);
/// Goes on with a session that was driven elsewhere, by an event loop say, over the stream that it
/// was driven over; its deadline has been running since it was made. One that is open already is a
/// channel at once.
HandshakeResult finish_over(Session session, std::unique_ptr<Transport> transport,
                            const Timeouts& timeouts, Deadline deadline = kNoDeadline);
/// Serves one connection, within the same limits. A refused peer is told so before this returns (it
/// may take config.timeouts.drain).
HandshakeResult accept_over(std::unique_ptr<Transport> transport, const ServerConfig& config,
                            Deadline deadline = kNoDeadline);

}  // namespace ratls
