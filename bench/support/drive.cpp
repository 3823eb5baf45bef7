#include "drive.h"

#include "must.h"

namespace ratls::bench {

namespace {

constexpr std::chrono::seconds kPatience{20};

std::size_t pump(Session& from, Session& to) {
  const std::size_t count = to.feed(from.output());
  from.sent(count);
  return count;
}

void wait(Session& session) {
  if (session.making_evidence() && !session.wait_evidence(kPatience)) {
    die(Error(Reason::evidence_timeout));
  }
}

}  // namespace

WireBytes drive(Session& client, Session& server) {
  WireBytes out;
  for (std::size_t moved = 1; moved != 0;) {
    client.advance();
    wait(client);
    client.advance();
    moved = pump(client, server);
    out.to_server += moved;
    server.advance();
    wait(server);
    server.advance();
    const std::size_t back = pump(server, client);
    out.to_client += back;
    moved += back;
  }
  if (client.failure() != nullptr) die(*client.failure());
  if (server.failure() != nullptr) die(*server.failure());
  if (!must(client.poll_acceptance())) die(Error(Reason::verdict_missing));
  return out;
}

WireBytes handshake(const ClientConfig& mine, const ServerConfig& theirs) {
  Session client = must(Session::client(mine));
  Session server = must(Session::server(theirs));
  return drive(client, server);
}

}  // namespace ratls::bench
