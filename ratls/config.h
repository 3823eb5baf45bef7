/// The two questions that every TLS configuration answers: who am I, and whom do I accept?
///
/// There is no default for either, and no third answer "anybody". Everything here is a value:
/// build it once, share it between connections and threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <ratls/certgen/identity.h>
#include <ratls/core/bytes.h>
#include <ratls/core/claims.h>
#include <ratls/tickets.h>
#include <ratls/verify/verdict.h>
#include <ratls/verify/verifier.h>

namespace ratls {

/// A client without an identity: its server cannot demand evidence.
struct Anonymous {};

/// Who a client is.
using ClientIdentity =
    std::variant<AttestedIdentity, std::shared_ptr<const CertificateIdentity>, Anonymous>;
/// Who a server is; a server is never anonymous.
using ServerIdentity = std::variant<AttestedIdentity, std::shared_ptr<const CertificateIdentity>>;

/// Accepts a peer by its evidence, under the verifier's policy. The level that is demanded is the
/// strongest that the handshake has: handshake (2) of a server, exporter (3) of a client.
struct AcceptEvidence {
  std::shared_ptr<const Verifier> verifier;
  /// Also accepts evidence that covers the peer's TLS key and no session (level 0, as `ratls cert
  /// new` makes it). Whoever gets hold of that key shows the evidence from anywhere, for as long
  /// as the verifier's policy accepts it: CVE-2026-33697. The verdict says so of each such peer,
  /// and VerifiedPeer::level() is Level::key. Evidence in frames stays bound to the session.
  bool dangerously_accept_key_bound = false;
};
/// Accepts exactly the holder of this key, by SHA-256 of its SubjectPublicKeyInfo.
struct AcceptKey {
  Sha256Digest spki_sha256;
};
/// Accepts a server whose certificate chains to one of these CAs (PEM) and names `server_name`
/// (RFC 9525). For clients only.
struct AcceptCa {
  Bytes ca_pem;
  std::string server_name;
};
/// Whom a client accepts.
using AcceptServer = std::variant<AcceptKey, AcceptCa, AcceptEvidence>;
/// Whom a server accepts.
using AcceptClient = std::variant<AcceptEvidence, AcceptKey>;

/// "sha256//" and base64, as CertificateIdentity::pin() writes it. Errors: invalid_config.
Result<AcceptKey> parse_pin(std::string_view text);

/// How long each wait may take, on the monotonic clock. An attested client may wait up to 15 s for
/// its firmware (see Attester), so a server's patience must be longer than that.
struct Timeouts {
  /// From the beginning until the channel is open: one limit over TCP, TLS and evidence in frames,
  /// which no byte of the peer's extends. Nothing: what handshake_limit() says.
  std::optional<std::chrono::milliseconds> handshake;
  std::chrono::milliseconds verdict{10000};   ///< from this side's evidence to the VERDICT over it
  std::chrono::milliseconds evidence{20000};  ///< from this side's REQUEST to the peer's EVIDENCE
  std::chrono::milliseconds idle{60000};      ///< one whole read or write of an open channel
  std::chrono::milliseconds drain{2000};      ///< discarding input after a refusal
};

/// How bytes lie in the stream after the handshake (docs/protocol.md, section 8). Both sides are
/// configured alike; bytes never decide it.
enum class Framing : std::uint8_t {
  plain,   ///< application bytes, behind the server's VERDICT where one is due
  framed,  ///< everything in frames: evidence can be asked for after the handshake, and again
};

/// Evidence after the handshake; for framed endpoints only. By default an endpoint answers with its
/// AttestedIdentity, and a server that accepts by evidence asks a client whose certificate has
/// none.
struct AfterHandshake {
  /// Asks the peer for evidence at level 3 before any application byte moves, besides what `accept`
  /// demands; this verifier judges it. Where `accept` has another verifier, that one judges each
  /// answer as well, also to a REQUEST on an open channel. Null: not asked.
  std::shared_ptr<const Verifier> demand;
  /// Answers the peer's REQUESTs where `identity` is not attested. A client with it waits for its
  /// server's REQUEST before its session is open, and fails where the server does not ask.
  std::optional<AttestedIdentity> answers;
  /// Either side may ask again while the channel is open: Session::request_evidence().
  bool reattestation = false;
};

/// What happens inside a handshake, for logs and demonstrations. Nothing depends on it. An Observer
/// runs inside the TLS library's calls: it must not call the session, and no exception may leave
/// it.
struct Event {
  enum class Kind : std::uint8_t {
    peer_authenticated,  ///< a client knows its server
    evidence_requested,  ///< this side asked its firmware for a report
    evidence_ready,      ///< and has it
    handshake_done,      ///< TLS 1.3 is over; nothing is accepted by that alone
    judged,              ///< this side judged the peer's evidence: `verdict` is set
    verdict_received,    ///< the peer's VERDICT arrived
  };
  Kind kind;
  std::chrono::microseconds since_start;  ///< since the session was created
  const Verdict* verdict = nullptr;       ///< valid during the call
};
using Observer = std::function<void(const Event&)>;

/// What a refused peer is told of a policy refusal. Evidence that is not authentic gets one
/// generic reason always.
enum class Disclosure : std::uint8_t {
  nothing,  ///< that it was refused
  rule,     ///< which rule, as a reason code, and its sentence
};

/// Records that one key may protect: 2^24.5, the limit of AES-GCM (RFC 8446, section 5.5); some
/// 388 GB of full records. For ChaCha20-Poly1305, which would bear more, it is the same.
inline constexpr std::uint64_t kMaxRecords = 23726566;

struct ClientConfig {
  ClientConfig(ClientIdentity me, AcceptServer peer)
      : identity(std::move(me)), accept(std::move(peer)) {}

  ClientIdentity identity;
  AcceptServer accept;
  std::vector<std::string> alpn;
  Timeouts timeouts;
  Framing framing = Framing::plain;
  AfterHandshake after_handshake;
  Disclosure disclosure = Disclosure::rule;
  /// Of each direction, 1 to kMaxRecords. mbedTLS 3.6 has no KeyUpdate: a channel that has reached
  /// it fails with record_limit_reached, and work goes on over a new one.
  std::uint64_t record_limit = kMaxRecords;
  Observer observer;
  /// Where this side may keep tickets and show them again; null: it takes none. For plain, attested
  /// clients that pin their server's key.
  std::shared_ptr<TicketWallet> tickets;
};

struct ServerConfig {
  ServerConfig(ServerIdentity me, AcceptClient peer)
      : identity(std::move(me)), accept(std::move(peer)) {}

  ServerIdentity identity;
  AcceptClient accept;
  std::vector<std::string> alpn;
  Timeouts timeouts;
  Framing framing = Framing::plain;
  AfterHandshake after_handshake;
  Disclosure disclosure = Disclosure::rule;
  /// Of each direction, 1 to kMaxRecords. mbedTLS 3.6 has no KeyUpdate: a channel that has reached
  /// it fails with record_limit_reached, and work goes on over a new one.
  std::uint64_t record_limit = kMaxRecords;
  Observer observer;
  /// Lets guests come back without new evidence: Level::resumed is accepted where this is set.
  /// Null: no ticket is given and none is taken. For plain servers with a certificate that accept
  /// evidence of the session.
  std::shared_ptr<TicketIssuer> tickets;
};

/// A handshake's limit where `timeouts.handshake` says nothing.
inline constexpr std::chrono::milliseconds kHandshakeLimit{10000};
/// The same where the configuration awaits evidence, its own or the peer's: a firmware's report may
/// stall for 10 s.
inline constexpr std::chrono::milliseconds kEvidenceHandshakeLimit{20000};
/// `timeouts.handshake`, or kEvidenceHandshakeLimit where a side is attested, accepts by evidence
/// or exchanges it after the handshake, or kHandshakeLimit.
std::chrono::milliseconds handshake_limit(const ClientConfig& config);
std::chrono::milliseconds handshake_limit(const ServerConfig& config);

}  // namespace ratls
