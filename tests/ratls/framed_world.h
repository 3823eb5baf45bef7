/// Framed sessions before a peer that follows no rule.
#pragma once

#include <ratls/certgen/evidence_queue.h>
#include <ratls/detail/frames.h>
#include <ratls/detail/tls_engine.h>

#include "attested_world.h"

namespace ratls::test {

/// A framed client without a certificate that answers REQUESTs with the world's guest.
ClientConfig asked_guest(const AttestedWorld& world);
/// The world's guest, its evidence in the certificate, framed.
ClientConfig framed_guest(const AttestedWorld& world);
/// The world's broker, framed.
ServerConfig framed_broker(const AttestedWorld& world);
/// A broker by its pinned key that answers REQUESTs with the world's guest, accepts `client_key`.
ServerConfig answering_server(const AttestedWorld& world);
/// The client of such a server: pins its key, holds the same key, and demands evidence.
ClientConfig demanding_client(const AttestedWorld& world);

/// A TLS peer of a session that sends and reads whole frames, as it likes.
class RawPeer {
 public:
  /// Has no certificate as a client; as a server, the world's broker's.
  RawPeer(AttestedWorld& world, detail::Side side);

  /// Runs until nothing moves any more.
  void run(Session& session);
  void send(ByteView bytes);
  void send(detail::FrameType type, ByteView body);
  void end();

  /// The next frame that the session sent; nothing where there is none.
  std::optional<detail::Frame> next();
  /// Is an application byte among what next() has to give?
  [[nodiscard]] bool saw_data() const;
  /// The context of the REQUEST that is next.
  detail::FrameContext requested();
  /// The alert or end that the session sent; its detail.
  std::string last_words();

  /// Evidence of the world's guest for this connection. `change` may make it another one.
  Bytes evidence(
      const detail::FrameContext& context, Role role,
      const std::function<void(EvidenceRequest&)>& change = [](EvidenceRequest&) {});
  /// The same in a frame.
  void answer(const detail::FrameContext& context, Role role);
  detail::TlsEngine& engine() { return *engine_; }

 private:
  void read();

  AttestedWorld& world_;
  detail::Side side_;
  std::unique_ptr<detail::TlsEngine> engine_;
  detail::FrameReader reader_;
  std::vector<detail::Frame> frames_;
  std::string last_words_;
};

/// A real broker and an attacker in the place of its client, after the broker's REQUEST.
struct AttackedBroker {
  explicit AttackedBroker(AttestedWorld& world);
  /// The reason for which the session ended, after everything moved; nothing where it did not.
  std::optional<Reason> ended();
  /// Answers honestly; the session is open then.
  void accept();

  Session session;
  RawPeer peer;
  detail::FrameContext context;  ///< of the broker's REQUEST
};

/// A guest that must be judged, and an attacker in the place of its broker.
struct AttackedGuest {
  explicit AttackedGuest(AttestedWorld& world);
  std::optional<Reason> ended();  ///< as above
  /// Asks under context_of(1) and accepts; the session is open then.
  void open();

  Session session;
  RawPeer peer;
};

detail::FrameContext context_of(std::uint8_t value);
/// A whole REQUEST frame under context_of(value).
Bytes request_of(std::uint8_t value, std::uint64_t level = 3);

}  // namespace ratls::test
