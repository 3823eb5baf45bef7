/// Message heads on their way through the egress.
#pragma once

#include <ratls/core/http_head.h>
#include <ratls/services/egress/route.h>

namespace ratls::egress {

/// Does the message ask for another protocol (WebSocket)? RFC 9110, 7.8.
bool wants_upgrade(const http::Headers& headers);
/// May the connection carry another message after this one? RFC 9112, 9.3.
bool keeps_alive(const http::Headers& headers);

/// A request's head as a program sends it. A CONNECT may also be HTTP/1.0 without a Host, as
/// Python's http.client sends it up to 3.11: its target says all. Errors: malformed_http.
Result<http::RequestHead> read_request(const std::string& head);

/// The request's head as the upstream gets it: its own Host, no hop-by-hop fields, no x-ratls-*,
/// and the secrets in their headers. The caller wipes it: it holds secrets.
/// Errors: malformed_http.
Result<Bytes> request_for(const http::RequestHead& request, const Upstream& upstream);

/// The answer's head as the program gets it: what the upstream said under x-ratls-* is dropped, and
/// who it is stands there instead.
struct PeerFacts {
  bool attested = false;
  std::string measurement;  ///< hex; may be empty
};
Result<std::string> response_for(const http::ResponseHead& response, const PeerFacts& peer,
                                 bool keep_alive);

}  // namespace ratls::egress
