#include "raw_client.h"

#include <array>

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/leaf.h>

namespace ratls::test {

using detail::TlsEngine;

RawClient::RawClient(AttestedWorld& world, bool keep_tickets)
    : make_certificate([](const SigningKey& key, ByteView evidence) {
        return make_leaf(key, evidence).value();
      }),
      world_(world),
      key_(std::make_shared<const SigningKey>(SigningKey::generate().value())) {
  detail::TlsOptions options;
  options.side = detail::Side::client;
  options.pause_for_certificate = true;
  options.keep_tickets = keep_tickets;
  options.judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  engine_ = TlsEngine::create(std::move(options)).value();
}

void RawClient::steal_from(const RawClient& other) {
  key_ = other.key_;
  certificate_ = other.certificate_;
}

void RawClient::prepare_certificate() {
  const SpkiHash hash = hash_spki(key_->spki());
  const Binder binder = engine_->client_binder(hash).value();
  const auto request = make_request({Role::client, Level::exporter, binder, hash});
  auto pending =
      world_.guest().begin(request.role, request.level, request.binder, request.spki_hash);
  const Bytes evidence = pending.take().value();
  certificate_ = make_certificate(*key_, evidence);
}

void RawClient::run(Session& broker) {
  for (bool moved = true; moved;) {
    auto progress = engine_->handshake();
    if (progress && *progress == TlsEngine::Progress::paused && !shown_) {
      if (certificate_.empty()) prepare_certificate();
      REQUIRE(engine_->set_own_certificate(*key_, certificate_));
      shown_ = true;
      progress = engine_->handshake();
    }
    const std::size_t sent = broker.feed(engine_->output());
    engine_->consumed(sent);
    broker.advance();
    const std::size_t received = engine_->feed(broker.output());
    broker.sent(received);
    moved = sent != 0 || received != 0;
  }
}

std::string RawClient::refusal_text() {
  std::array<std::uint8_t, 2048> buffer{};
  const auto got = engine_->read(buffer);
  if (!got) return got.error().detail();
  return to_string(ByteView(buffer).first(got->size));
}

bool RawClient::got_ticket() {
  std::array<std::uint8_t, 2048> buffer{};
  for (auto got = engine_->read(buffer); got && got->size > 0; got = engine_->read(buffer)) {
  }
  return engine_->take_ticket().has_value();
}

}  // namespace ratls::test
