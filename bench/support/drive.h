/// Runs two sessions against each other in memory until both are open.
#pragma once

#include <ratls/session.h>

namespace ratls::bench {

struct WireBytes {
  std::size_t to_server = 0;
  std::size_t to_client = 0;
};

/// Until the client knows that it was accepted. Ends the process where either fails.
WireBytes drive(Session& client, Session& server);

/// The same, of sessions that are made here and gone afterwards.
WireBytes handshake(const ClientConfig& mine, const ServerConfig& theirs);

}  // namespace ratls::bench
