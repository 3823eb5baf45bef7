/// The state machine behind Session. docs/state-machine.md is its table.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include <ratls/detail/admission.h>
#include <ratls/detail/frame_state.h>
#include <ratls/detail/frames.h>
#include <ratls/detail/ticket_desk.h>
#include <ratls/detail/ticket_purse.h>
#include <ratls/detail/tls_engine.h>
#include <ratls/session.h>

namespace ratls {

class Session::Impl {
 public:
  static Result<std::unique_ptr<Impl>> client(const ClientConfig& config);
  static Result<std::unique_ptr<Impl>> server(const ServerConfig& config);

  State advance();
  void fail(Error error);
  void fail_for_memory();
  /// What `work` returns; where it runs out of memory the session fails for that.
  template <class Work>
  auto contained(Work&& work) -> decltype(work());
  Result<bool> poll_acceptance();
  Result<Session::Read> read(std::span<std::uint8_t> out);
  Result<void> at_rest();
  Result<void> exporter(std::string_view label, ByteView context, std::span<std::uint8_t> out);
  Result<void> write(ByteView bytes);
  Result<void> close();
  void feed_end();
  Result<void> request_evidence();
  [[nodiscard]] std::optional<detail::FrameState::Moment> deadline() const;
  [[nodiscard]] bool opening() const {
    return state == State::handshaking || state == State::awaiting_evidence;
  }
  State expire();

  State state = State::handshaking;
  std::unique_ptr<detail::TlsEngine> engine;
  std::optional<detail::Admission> admission;
  std::optional<Peer> peer;
  std::optional<PendingEvidence> pending;
  std::optional<Error> failure;
  bool verdict_due = false;  // plain: an attested client that has not seen the server's VERDICT
  std::optional<detail::FrameState> frames;  // framed

 private:
  using Clock = std::chrono::steady_clock;

  explicit Impl(detail::Side side) : side_(side) {}
  template <class Config>
  Result<void> setup(const Config& config, detail::TlsOptions options);
  Result<void> adopt_identity(const std::shared_ptr<const CertificateIdentity>& identity);

  Result<void> step();
  Result<void> judge_leaf(const detail::PeerLeaf& leaf);
  Result<void> judge_inside(const detail::PeerLeaf& leaf);
  Result<void> begin_evidence();
  Result<void> present_evidence();
  Result<void> finish_client(detail::HandshakeDone done);
  Result<void> finish_server(detail::HandshakeDone done);
  Result<void> judge_client();
  Result<void> accept_client(detail::HandshakeDone done);
  [[nodiscard]] bool client_showed_evidence() const;
  Result<bool> showed_evidence() const;
  void refuse(const Error& error);
  void tell_refusal(const Error& error, std::uint8_t alert, bool verdict);
  Result<void> confirm_binder();
  Result<void> take_verdict();
  Result<void> take_verdict(std::span<std::uint8_t> record);
  Result<Session::Read> deliver(std::span<std::uint8_t> out);
  void end_if_both_ended();
  Result<void> look_ahead();
  [[nodiscard]] bool quiet() const;

  // session_frames.cpp: the framed session's bytes.
  template <class Config>
  Result<void> setup_frames(const Config& config);
  Result<void> start_frames(detail::HandshakeDone done, bool ask);
  void advance_frames();
  Result<void> move_frames();
  Result<void> pump_frames();
  Result<void> take_frames(ByteView bytes);
  Result<void> take_data(ByteView body);
  Result<void> take_end();
  Result<void> settle();
  Result<void> send_held();
  Result<void> send_data(ByteView bytes);
  Result<Session::Read> read_frames(std::span<std::uint8_t> out);
  Result<void> write_frames(ByteView bytes);
  Result<void> close_frames();
  void fail_told(Error error);

  // session_evidence.cpp: REQUEST, EVIDENCE and VERDICT.
  Result<void> take_frame(const detail::Frame& frame);
  Result<void> take_request(ByteView body);
  Result<void> take_answer(ByteView body);
  Result<void> judge_answer(const detail::EvidenceFrame& answer);
  Result<void> take_frame_verdict(ByteView body);
  Result<void> send_request(bool initial);
  Result<void> begin_answer();
  Result<void> send_answer();
  Result<void> accept_answer();
  [[nodiscard]] ByteView shown_spki() const;

  // session_tickets.cpp: resumption.
  Result<void> setup_tickets(const ClientConfig& config, detail::TlsOptions& options);
  Result<void> setup_tickets(const ServerConfig& config, detail::TlsOptions& options);
  Result<void> offer_ticket();
  Result<std::size_t> look_into_ticket(ByteView ticket, std::span<std::uint8_t> session);
  Result<detail::TicketHooks::Sealed> seal_ticket(ByteView session);
  [[nodiscard]] Sha256Digest ticket_use() const;
  Result<void> finish_resumed(detail::HandshakeDone done);
  Result<void> finish_resumed_client(detail::HandshakeDone done);
  Result<void> judge_ticket();
  void grant_ticket();
  void keep_ticket();

  void say(Event::Kind kind, const Verdict* verdict = nullptr) const;

  detail::Side side_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point open_by_;  // the handshake's deadline
  Observer observer_;
  Disclosure disclosure_ = Disclosure::rule;
  Timeouts timeouts_;
  std::optional<AttestedIdentity> attested_;
  std::shared_ptr<const CertificateIdentity> certificate_;
  bool key_bound_ = false;         // and evidence is in its certificate
  std::optional<SigningKey> key_;  // this connection's own, where attested
  SpkiHash own_hash_;
  std::optional<Binder> own_binder_;            // a client's B_c, to be confirmed
  std::optional<detail::PeerLeaf> shown_leaf_;  // a server's client, not judged yet
  bool ended_ = false;                          // this side sent close_notify
  bool peer_ended_ = false;                     // and the peer did
  detail::FrameReader verdict_reader_{detail::FrameType::verdict};  // plain: the one frame
  Bytes held_;  // application bytes that came in one record with the VERDICT

  std::shared_ptr<TicketIssuer> issuer_;                     // server
  std::shared_ptr<detail::TicketDesk::Entry> shown_ticket_;  // looked into last
  detail::AcceptedBefore granted_;                           // what a new ticket rests on
  std::shared_ptr<TicketWallet> wallet_;                     // client
  std::optional<detail::TicketFor> ticket_for_;
  std::optional<detail::CarriedTicket> carried_;  // offered
  Clock::time_point full_handshake_{};            // which this session goes back to
};

}  // namespace ratls
