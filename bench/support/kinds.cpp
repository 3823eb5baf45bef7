#include "kinds.h"

#include <thread>

#include <ratls/certgen/leaf.h>
#include <ratls/tickets.h>

#include "drive.h"
#include "must.h"

namespace ratls::bench {

namespace {

AcceptEvidence warm() {
  static const auto verifier = World::get().new_verifier();
  return AcceptEvidence{verifier};
}

AcceptEvidence cold() {
  return AcceptEvidence{World::get().new_verifier()};
}

AcceptEvidence with_level_0(AcceptEvidence accept) {
  accept.dangerously_accept_key_bound = true;
  return accept;
}

using Accept = AcceptEvidence (*)();

ClientConfig framed_client(const Guest& guest) {
  ClientConfig out(Anonymous{}, AcceptKey{World::get().broker()->spki_sha256()});
  out.framing = Framing::framed;
  out.after_handshake.answers = guest.identity();
  return out;
}

ServerConfig framed_broker(AcceptEvidence accept) {
  ServerConfig out(World::get().broker(), std::move(accept));
  out.framing = Framing::framed;
  return out;
}

void add_client_kinds(std::vector<Kind>& out, const Guests& guests, const std::string& suffix,
                      Accept accept) {
  const bool rated = suffix == "_warm";
  const auto broker = World::get().broker();
  const AcceptKey pin{broker->spki_sha256()};
  const auto judge = [=] { return ServerConfig(broker, accept()); };
  const auto key_bound = guests.guest.key_bound(Role::client);
  out.push_back({"client_level0" + suffix, [=] { return ClientConfig(key_bound, pin); },
                 [=] { return ServerConfig(broker, with_level_0(accept())); }, rated});
  out.push_back({"client_level3" + suffix,
                 [id = guests.guest.identity(), pin] { return ClientConfig(id, pin); }, judge,
                 rated});
  out.push_back({"client_framed_level3" + suffix,
                 [&guest = guests.guest] { return framed_client(guest); },
                 [=] { return framed_broker(accept()); }, rated});
}

void add_server_kinds(std::vector<Kind>& out, const Guests& guests, const std::string& suffix,
                      Accept accept) {
  const bool rated = suffix == "_warm";
  const auto visitor = World::identity(0);
  const AcceptKey key{visitor->spki_sha256()};
  out.push_back({"server_level2" + suffix, [=] { return ClientConfig(visitor, accept()); },
                 [id = guests.peer.identity(), key] { return ServerConfig(id, key); }, rated});
  out.push_back({"mutual_level2_level3" + suffix,
                 [id = guests.guest.identity(), accept] { return ClientConfig(id, accept()); },
                 [id = guests.peer.identity(), accept] { return ServerConfig(id, accept()); },
                 rated});
}

// A guest that comes back with the ticket of the handshake before. The first one is a full one.
Kind resumed(const Guest& guest) {
  const auto broker = World::get().broker();
  const auto wallet = must(TicketWallet::create());
  const auto issuer = must(TicketIssuer::create({TicketIssuer::kMaxLifetime, 1024}));
  const auto client = [id = guest.identity(), wallet, broker] {
    ClientConfig out(id, AcceptKey{broker->spki_sha256()});
    out.tickets = wallet;
    return out;
  };
  const auto server = [issuer, broker] {
    ServerConfig out(broker, warm());
    out.tickets = issuer;
    return out;
  };
  handshake(client(), server());
  if (wallet->size() == 0) die(Error(Reason::ticket_unknown));
  return {"client_resumed", client, server, true};
}

}  // namespace

Guest::Guest(std::chrono::microseconds latency)
    : firmware_(World::new_guest(sim::ThrottleOptions{latency})),
      attester_(std::make_shared<Attester>(*firmware_)) {
  must(attester_->start());
}

std::shared_ptr<const CertificateIdentity> Guest::key_bound(Role role) const {
  const SecretBytes pem = must(SigningKey::generate_pem());
  const SigningKey key = must(SigningKey::import_pem(pem));
  auto pending = identity().begin(role, Level::key, std::nullopt, hash_spki(key.spki()));
  const Bytes evidence = must(pending.take());
  return World::identity(pem, must(make_leaf(key, ByteView(evidence))));
}

std::vector<Kind> kinds(const Guests& guests) {
  const auto broker = World::get().broker();
  const auto visitor = World::identity(0);
  const AcceptKey pin{broker->spki_sha256()};
  const AcceptKey key{visitor->spki_sha256()};
  std::vector<Kind> out;
  out.push_back({"plain_mutual", [=] { return ClientConfig(visitor, pin); },
                 [=] { return ServerConfig(broker, key); }, true});
  add_client_kinds(out, guests, "_warm", warm);
  add_client_kinds(out, guests, "_cold", cold);
  out.push_back({"client_level3_firmware_8ms",
                 [id = guests.slow.identity(), pin] { return ClientConfig(id, pin); },
                 [=] { return ServerConfig(broker, warm()); }, false});
  out.push_back(resumed(guests.guest));
  add_server_kinds(out, guests, "_warm", warm);
  add_server_kinds(out, guests, "_cold", cold);
  return out;
}

void run_on_threads(const std::vector<std::vector<Kind>>& of_thread, std::size_t which,
                    std::size_t threads, std::size_t count) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&kind = of_thread[i][which], count] {
      const ClientConfig client = kind.client();
      const ServerConfig server = kind.server();
      for (std::size_t done = 0; done < count; ++done) handshake(client, server);
    });
  }
  for (std::thread& thread : running) thread.join();
}

}  // namespace ratls::bench
