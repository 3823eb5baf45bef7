/// One TLS 1.3 connection on mbedTLS, without I/O and without opinions: it moves bytes, stops where
/// a certificate of this side is due, and shows the peer's certificate to whoever judges it.
/// The only C++ file group that includes mbedTLS's TLS headers is tls_engine*.cpp.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/claims.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>
#include <ratls/core/signing_key.h>

namespace ratls::detail {

enum class Side : std::uint8_t { client, server };

/// Proof that mbedTLS has finished a TLS 1.3 handshake: the peer's CertificateVerify (of a session
/// that was resumed: its PSK) and Finished were checked. Made by TlsEngine::finish() only.
class HandshakeDone {
 public:
  HandshakeDone(const HandshakeDone&) = delete;
  HandshakeDone& operator=(const HandshakeDone&) = delete;
  HandshakeDone(HandshakeDone&&) noexcept = default;
  HandshakeDone& operator=(HandshakeDone&&) noexcept = default;

 private:
  friend class TlsEngine;
  HandshakeDone() = default;
};

/// The peer's certificate as it arrived.
struct PeerLeaf {
  Bytes der;
  bool lone = false;  ///< no second certificate in the message
};

/// What a server's connection does with tickets (docs/protocol.md, section 9).
struct TicketHooks {
  struct Sealed {
    Bytes ticket;
    std::chrono::seconds lifetime;  ///< as the client is told
  };
  /// Looks into a ticket that a client shows: writes TLS's serialised session and says its size.
  /// Must change nothing, since the client has proved nothing yet. An error means a full handshake.
  std::function<Result<std::size_t>(ByteView ticket, std::span<std::uint8_t> session)> open;
  /// Makes a ticket of TLS's serialised session.
  std::function<Result<Sealed>(ByteView session)> seal;
};

struct TlsOptions {
  Side side = Side::client;
  bool ask_for_certificate = false;    ///< server: send a CertificateRequest
  bool pause_for_certificate = false;  ///< stop where this side's certificate is due
  /// Trusted CAs in PEM, for a peer that is judged by WebPKI rules; empty where it is not.
  Bytes ca_pem;
  /// The name that a server must prove, with ca_pem; also sent as SNI where not empty.
  std::string server_name;
  std::vector<std::string> alpn;
  /// Records that each direction's application keys may protect; a session sets its own.
  std::uint64_t record_limit = UINT64_MAX;
  /// Server: knows tickets; gives one after allow_ticket() only.
  std::optional<TicketHooks> tickets;
  /// Client: keeps the ticket that came last, for take_ticket().
  bool keep_tickets = false;
  /// Judges the peer's leaf inside the handshake; an error ends the handshake with an alert.
  std::function<Result<void>(const PeerLeaf&)> judge;
};

/// Threads: one at a time. Not movable: mbedTLS holds pointers into it.
class TlsEngine {
 public:
  static Result<std::unique_ptr<TlsEngine>> create(TlsOptions options);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;
  ~TlsEngine();

  /// Bytes from the peer; says how many were taken (all, unless 64 KiB are waiting already).
  std::size_t feed(ByteView bytes);
  /// The peer will send nothing more.
  void feed_end() noexcept;
  /// Bytes for the peer; dropped with consumed().
  [[nodiscard]] ByteView output() const noexcept;
  void consumed(std::size_t count);

  enum class Progress : std::uint8_t { needs_input, paused, over };
  /// Runs the handshake as far as the bytes allow. Errors: the judge's, tls_failed, peer_refused,
  /// connection_closed; an alert is then in the output. Judged by WebPKI rules: server_untrusted,
  /// server_name_mismatch, server_expired. no_tls13: the peer says that it has no TLS 1.3.
  Result<Progress> handshake();
  /// The proof, once handshake() said over. Errors: tls_failed for another version than 1.3, and
  /// for a PSK that is not that of the ticket which this side offered or looked into last.
  Result<HandshakeDone> finish();

  /// Client, before handshake(): offers what take_ticket() gave on an earlier connection. Errors:
  /// ticket_unknown where this build cannot read it, out_of_memory.
  Result<void> offer_ticket(const SecretBytes& session);
  /// Since finish(): did the handshake rest on the ticket's PSK, and on no certificate?
  [[nodiscard]] bool resumed() const noexcept;
  /// Server, the handshake is over and the client accepted: a ticket goes out with what is written
  /// next, where the client can use one. Until then none does, whatever is sent.
  void allow_ticket() noexcept;
  /// Client: the ticket that came last, as TLS's serialised session with its PSK; once.
  std::optional<SecretBytes> take_ticket() noexcept;

  /// While paused on a client: did the server ask for a certificate?
  [[nodiscard]] bool certificate_requested() const noexcept;
  /// Presents `certificate` (DER) with `key`, which must outlive this object.
  Result<void> set_own_certificate(const SigningKey& key, ByteView certificate);

  /// While paused on a client: goes on without a certificate.
  void skip_certificate() noexcept;
  /// Does the peer know a certificate of this side? Meaningful when the handshake is over.
  [[nodiscard]] bool showed_certificate() const noexcept;

  /// B_c, B_s of docs/protocol.md, section 5. The client's binder is computed from the exporter
  /// secret while paused, and through mbedTLS's public exporter once the handshake is over.
  Result<Binder> client_binder(const SpkiHash& spki);
  Result<Binder> server_binder(const SpkiHash& spki);
  /// B_p, of evidence that answers the REQUEST with `context`; the handshake is over. `spki` is of
  /// the attester's certificate in this session, of nothing where it showed none.
  Result<Binder> post_binder(ByteView context, Role role, const SpkiHash& spki);

  /// TLS-Exporter of a handshake that is over. Errors: tls_failed.
  Result<void> exporter(std::string_view label, ByteView context, std::span<std::uint8_t> out);

  /// The SubjectPublicKeyInfo of the session's peer; empty where it sent no certificate.
  [[nodiscard]] Bytes peer_spki() const;
  /// How often the judge was called.
  [[nodiscard]] int judge_calls() const noexcept;
  /// The description of the fatal alert that ended the handshake; nothing where none did.
  [[nodiscard]] std::optional<std::uint8_t> peer_alert() const noexcept;
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] std::string cipher_suite() const;

  struct Read {
    std::size_t size = 0;
    bool end = false;  ///< close_notify
  };
  /// Application bytes. size 0 without end: more input is needed.
  /// Errors: truncated_stream, peer_refused, tls_failed, record_limit_reached.
  Result<Read> read(std::span<std::uint8_t> out);
  /// Encrypts all of `bytes` into the output. Errors: tls_failed; record_limit_reached, before the
  /// record that would be one too many, with an alert in the output.
  Result<void> write(ByteView bytes);
  /// Is no byte under way? Of what was fed all is read, no record is half there, nothing is to be
  /// sent, and the peer has not ended.
  [[nodiscard]] bool quiet() const noexcept;
  /// Records of record_limit that the fuller direction has left.
  [[nodiscard]] std::uint64_t records_left() const noexcept;
  Result<void> send_alert(std::uint8_t description);
  Result<void> close_notify();
  /// Wipes keys and buffers now.
  void wipe() noexcept;

  struct Impl;  // tls_engine_impl.h

 private:
  explicit TlsEngine(std::unique_ptr<Impl> impl);
  Error used_up(const char* direction);
  std::unique_ptr<Impl> impl_;
};

/// RFC 8446, 6.2.
inline constexpr std::uint8_t kAlertAccessDenied = 49;
inline constexpr std::uint8_t kAlertCertificateRequired = 116;
inline constexpr std::uint8_t kAlertHandshakeFailure = 40;
inline constexpr std::uint8_t kAlertProtocolVersion = 70;
inline constexpr std::uint8_t kAlertUnexpectedMessage = 10;
inline constexpr std::uint8_t kAlertBadRecordMac = 20;
inline constexpr std::uint8_t kAlertInternalError = 80;
/// After the handshake: this side speaks frames and the other does not.
inline constexpr std::uint8_t kAlertNoApplicationProtocol = 120;

}  // namespace ratls::detail
