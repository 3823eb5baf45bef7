/// Where the egress sends what, and whom it accepts there. Values; share freely.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ratls/config.h>
#include <ratls/core/secret.h>
#include <ratls/services/io/stream.h>

namespace ratls::egress {

/// A request header that the egress sets: "authorization: Bearer " and the secret. One of the same
/// name that the program sent is dropped, so a placeholder key never leaves.
struct Injection {
  std::string name;
  std::string before;  ///< what stands before the secret, e.g. "Bearer "
  std::shared_ptr<const SecretBytes> secret;
};

/// One place to send to.
struct Upstream {
  std::string name;  ///< for logs; never of the peer
  std::string host;  ///< what the Host header says
  io::Endpoint to;
  /// Whom to accept there; nothing: bytes go as they are (a tunnel that is TLS inside).
  std::optional<ClientConfig> channel;
  bool attested = false;  ///< judged by evidence
  std::vector<Injection> inject;
  std::chrono::milliseconds connect_limit{10000};
};

/// Requests whose path begins with `prefix` go to `upstream`; the longest prefix wins.
struct Route {
  std::string prefix;
  std::shared_ptr<const Upstream> upstream;
};

/// All that the egress may reach.
struct Plan {
  std::vector<Route> routes;
  /// What CONNECT may reach, "host:port", unattested: TLS is the program's own, end to end.
  std::map<std::string, std::shared_ptr<const Upstream>> tunnels;
};

/// The upstream of a request target; null where none is meant. "/v1" is a prefix of "/v1" and
/// "/v1/x", not of "/v10".
std::shared_ptr<const Upstream> find_route(const Plan& plan, std::string_view target);

/// May this secret stand in a header? Visible ASCII and blanks, nothing that ends a line.
/// Errors: invalid_config.
Result<void> check_injectable(const SecretBytes& secret);

}  // namespace ratls::egress
