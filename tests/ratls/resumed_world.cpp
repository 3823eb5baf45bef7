#include "resumed_world.h"

#include <cstdlib>

namespace ratls::test {

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

std::optional<Timestamp> MovingClock::now() const {
  ++asked_;
  if (lost_) return std::nullopt;
  return Timestamp{SystemClock().now()->unix_seconds + by_};
}

ResumedWorld::ResumedWorld(const WorldOptions& options, TicketIssuer::Rules rules)
    : world(options),
      verifier(std::make_shared<Verifier>(world.policy(), clock)),
      issuer(TicketIssuer::create(rules).value()) {}

ClientConfig ResumedWorld::guest(std::shared_ptr<TicketWallet> wallet) const {
  ClientConfig out = world.guest_config();
  out.tickets = std::move(wallet);
  return out;
}

ServerConfig ResumedWorld::broker() const {
  ServerConfig out(world.broker(), AcceptEvidence{verifier});
  out.tickets = issuer;
  return out;
}

std::shared_ptr<TicketWallet> ResumedWorld::wallet() {
  return TicketWallet::create().value();
}

detail::TicketFor ResumedWorld::use() const {
  return {world.broker()->spki_sha256(), {}, world.guest()};
}

void ResumedWorld::make_model() {
  const auto first = wallet();
  const AcceptedPair pair(guest(first), broker());
  auto carried = detail::purse_of(*first).take(use());
  must(carried.has_value());
  carried->session.expose([&](ByteView bytes) { append(client_session_, bytes); });
  server_spki_ = carried->server_spki;
  since_ = carried->since;
  auto parts = parts_of(client_session_);
  client_session_.resize(client_session_.size() - parts.ticket_size);
  server_session_ = std::move(parts.server_session);
  accepted_ = parts.accepted;
}

// The ticket stands at the end; how long it is says the desk.
ResumedWorld::Parts ResumedWorld::parts_of(const Bytes& client_session) {
  const Sha256Digest for_what = detail::ticket_use(world.broker()->key().spki(), "");
  for (std::size_t size = client_session.size(); size > 0; --size) {
    Bytes memory(4096);
    const auto opened = desk().open(ByteView(client_session).last(size), for_what, memory);
    if (!opened) continue;
    memory.resize(opened->session_size);
    return {size, std::move(memory), opened->entry->accepted()};
  }
  std::abort();
}

detail::AcceptedBefore ResumedWorld::behind(const std::shared_ptr<TicketWallet>& wallet) {
  return parts_of(session_in(wallet)).accepted;
}

std::shared_ptr<TicketWallet> ResumedWorld::wallet_with_ticket() {
  if (client_session_.empty()) make_model();
  const Sha256Digest for_what = detail::ticket_use(world.broker()->key().spki(), "");
  Bytes session = client_session_;
  append(session, desk().seal(server_session_, accepted_, for_what).value());
  auto out = wallet();
  detail::purse_of(*out).put(use(),
                             {SecretBytes::take(std::move(session)).value(), server_spki_, since_});
  return out;
}

std::shared_ptr<TicketWallet> ResumedWorld::copy_of(
    const std::shared_ptr<TicketWallet>& from, const std::function<void(Bytes&)>& change) const {
  Bytes session = session_in(from);
  change(session);
  auto out = wallet();
  detail::purse_of(*out).put(use(),
                             {SecretBytes::take(std::move(session)).value(), server_spki_, since_});
  return out;
}

Bytes ResumedWorld::session_in(const std::shared_ptr<TicketWallet>& wallet) const {
  auto carried = detail::purse_of(*wallet).take(use());
  must(carried.has_value());
  Bytes out;
  carried->session.expose([&](ByteView bytes) { append(out, bytes); });
  detail::purse_of(*wallet).put(use(), std::move(*carried));
  return out;
}

AcceptedPair::AcceptedPair(const ClientConfig& guest, const ServerConfig& broker)
    : pair(guest, broker), accepted(pair.client.poll_acceptance()) {}

bool AcceptedPair::open() const {
  return pair.server.state() == Session::State::open && accepted && *accepted;
}

bool AcceptedPair::resumed() const {
  const Peer* guest = pair.server.peer();
  const Peer* broker = pair.client.peer();
  if (guest == nullptr || broker == nullptr) return false;
  must(guest->resumed_after().has_value() == broker->resumed_after().has_value());
  must(guest->resumed_after().has_value() == (guest->attested()->level() == Level::resumed));
  return guest->resumed_after().has_value();
}

Bytes output_of(Session& session) {
  session.advance();
  Bytes out(session.output().begin(), session.output().end());
  session.sent(out.size());
  return out;
}

}  // namespace ratls::test
