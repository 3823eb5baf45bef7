/// One GET of a key service, over HTTPS, directly or through a proxy.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/kds/detail/patience.h>
#include <ratls/kds/detail/url.h>

namespace ratls::kds {

/// Where to, and over what.
struct Endpoint {
  BaseUrl base;
  std::optional<Address> proxy;
  Bytes ca_pem;
  std::chrono::milliseconds connect_limit{10000};
};

/// What a server said.
struct Answer {
  int status = 0;
  Bytes body;  ///< of a 200; of any other status nothing is read
  std::optional<std::chrono::seconds> retry_after;
};

/// The most bytes of a body.
inline constexpr std::size_t kMaxAnswer = 65536;
/// What a Retry-After is cut to.
inline constexpr std::chrono::seconds kMaxRetryAfter{3600};

/// GET base + `target`. Follows no redirect, asks no environment variable.
/// Errors: connection_failed, kds_unavailable (the proxy refused), malformed_http, and those of
/// TlsStream.
Result<Answer> https_get(const Endpoint& endpoint, const std::string& target, const Clock& clock,
                         const Patience& patience);

/// Retry-After (RFC 9110, 10.2.3): seconds, or a date in the one form that senders may use. A date
/// that is over is 0; nothing where the text is neither, or is a date and there is no time.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, const Clock& clock);

}  // namespace ratls::kds
