#include "framed_world.h"

#include <array>

#include <catch2/catch_test_macros.hpp>

namespace ratls::test {

using detail::Frame;
using detail::FrameContext;
using detail::FrameType;
using detail::Side;
using detail::TlsEngine;

ClientConfig asked_guest(const AttestedWorld& world) {
  ClientConfig out(Anonymous{}, AcceptKey{world.broker()->spki_sha256()});
  out.framing = Framing::framed;
  out.after_handshake.answers = world.guest();
  out.after_handshake.reattestation = true;
  return out;
}

ClientConfig framed_guest(const AttestedWorld& world) {
  ClientConfig out = world.guest_config();
  out.framing = Framing::framed;
  out.after_handshake.reattestation = true;
  return out;
}

ServerConfig framed_broker(const AttestedWorld& world) {
  ServerConfig out = world.broker_config();
  out.framing = Framing::framed;
  out.after_handshake.reattestation = true;
  return out;
}

ServerConfig answering_server(const AttestedWorld& world) {
  ServerConfig out(world.broker(), AcceptKey{world.visitor()->spki_sha256()});
  out.framing = Framing::framed;
  out.after_handshake.answers = world.guest();
  out.after_handshake.reattestation = true;
  return out;
}

ClientConfig demanding_client(const AttestedWorld& world) {
  ClientConfig out(world.visitor(), AcceptKey{world.broker()->spki_sha256()});
  out.framing = Framing::framed;
  out.after_handshake.demand = world.verifier();
  out.after_handshake.reattestation = true;
  return out;
}

RawPeer::RawPeer(AttestedWorld& world, Side side) : world_(world), side_(side) {
  detail::TlsOptions options;
  options.side = side;
  options.ask_for_certificate = side == Side::server;
  options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  engine_ = TlsEngine::create(std::move(options)).value();
  if (side == Side::client) return;
  REQUIRE(engine_->set_own_certificate(world.broker()->key(), world.broker()->certificate()));
}

void RawPeer::run(Session& session) {
  for (bool moved = true; moved;) {
    const auto progress = engine_->handshake();
    session.advance();
    if (session.making_evidence() && session.wait_evidence(std::chrono::seconds(2))) {
      session.advance();
    }
    const std::size_t sent = session.feed(engine_->output());
    engine_->consumed(sent);
    session.advance();
    const std::size_t received = engine_->feed(session.output());
    session.sent(received);
    if (progress && *progress == TlsEngine::Progress::over) read();
    moved = sent != 0 || received != 0;
  }
}

void RawPeer::send(ByteView bytes) {
  REQUIRE(engine_->write(bytes));
}

void RawPeer::send(FrameType type, ByteView body) {
  send(detail::encode_frame(type, body));
}

void RawPeer::end() {
  REQUIRE(engine_->close_notify());
}

void RawPeer::read() {
  std::array<std::uint8_t, 4096> record{};
  while (last_words_.empty()) {
    const auto got = engine_->read(record);
    if (!got) last_words_ = got.error().detail();
    if (got && got->end) last_words_ = "close_notify";
    if (!got || got->size == 0) return;
    ByteView bytes = ByteView(record).first(got->size);
    while (!bytes.empty()) {
      bytes = bytes.subspan(reader_.feed(bytes).value());
      if (auto frame = reader_.take()) frames_.push_back(std::move(*frame));
    }
  }
}

std::optional<Frame> RawPeer::next() {
  if (frames_.empty()) return std::nullopt;
  Frame out = std::move(frames_.front());
  frames_.erase(frames_.begin());
  return out;
}

FrameContext RawPeer::requested() {
  const auto frame = next();
  REQUIRE(frame);
  REQUIRE(frame->type == FrameType::request);
  return detail::RequestFrame::decode(frame->body).value().context;
}

bool RawPeer::saw_data() const {
  for (const Frame& frame : frames_) {
    if (frame.type == FrameType::data) return true;
  }
  return false;
}

std::string RawPeer::last_words() {
  return last_words_;
}

Bytes RawPeer::evidence(const FrameContext& context, Role role,
                        const std::function<void(EvidenceRequest&)>& change) {
  const bool bare = side_ == Side::client;
  const SpkiHash hash = hash_spki(bare ? ByteView() : world_.broker()->key().spki());
  EvidenceRequest request{role, Level::exporter, std::nullopt, hash};
  request.binder = engine_->post_binder(context.view(), role, hash).value();
  change(request);
  return world_.guest()
      .begin(request.role, request.level, request.binder, request.spki_hash)
      .take()
      .value();
}

void RawPeer::answer(const FrameContext& context, Role role) {
  send(detail::EvidenceFrame{context, evidence(context, role)}.encode().value());
}

AttackedBroker::AttackedBroker(AttestedWorld& world)
    : session(Session::server(framed_broker(world)).value()), peer(world, Side::client) {
  peer.run(session);
  REQUIRE(session.state() == Session::State::handshaking);
  context = peer.requested();
}

std::optional<Reason> AttackedBroker::ended() {
  peer.run(session);
  std::array<std::uint8_t, 4096> buffer{};
  const auto read = session.read(buffer);
  if (session.failure() == nullptr) return std::nullopt;
  CHECK_FALSE(read);
  CHECK(session.peer() == nullptr);
  CHECK_FALSE(session.write(as_bytes("leak")));
  CHECK_FALSE(peer.saw_data());
  return session.failure()->reason();
}

void AttackedBroker::accept() {
  peer.answer(context, Role::post_handshake_client);
  peer.run(session);
  REQUIRE(session.state() == Session::State::open);
  REQUIRE(peer.next()->type == FrameType::verdict);
}

AttackedGuest::AttackedGuest(AttestedWorld& world)
    : session(Session::client(asked_guest(world)).value()), peer(world, Side::server) {
  peer.run(session);
  REQUIRE(session.state() == Session::State::handshaking);
}

std::optional<Reason> AttackedGuest::ended() {
  peer.run(session);
  std::array<std::uint8_t, 4096> buffer{};
  const auto read = session.read(buffer);
  if (session.failure() == nullptr) return std::nullopt;
  CHECK_FALSE(read);
  return session.failure()->reason();
}

void AttackedGuest::open() {
  peer.send(request_of(1));
  peer.run(session);
  REQUIRE(session.state() == Session::State::open);
  REQUIRE(peer.next()->type == FrameType::evidence);
  peer.send(detail::VerdictFrame{}.encode());
  peer.run(session);
  REQUIRE(session.poll_acceptance().value());
}

FrameContext context_of(std::uint8_t value) {
  return *FrameContext::from(Bytes(32, value));
}

Bytes request_of(std::uint8_t value, std::uint64_t level) {
  return detail::RequestFrame{context_of(value), level}.encode();
}

}  // namespace ratls::test
