/// Errors in the shape that the client libraries of LLM services understand, so that a user reads
/// the reason in the exception of an unmodified program.
#pragma once

#include <string>

#include <ratls/core/error.h>
#include <ratls/core/http_head.h>

namespace ratls::egress {

enum class Dialect : std::uint8_t { openai, anthropic };

/// By what the request looks like: the header anthropic-version, or a path below /v1/messages.
Dialect dialect_of(const http::RequestHead& request);

/// May it be better soon (the network, a throttled firmware)? Else it is a refusal.
bool is_temporary(Reason reason);

/// A whole answer, head and body. 503 with Retry-After for what may be better soon (the network, a
/// throttled firmware). With x-should-retry: false, since no retry changes it: 403 for an upstream
/// that was refused, which every client library takes for final; 502 for an answer that is no HTTP;
/// 400, 403, 404 for what the program asked wrongly. `about` is the upstream's own name, or empty.
struct ApiError {
  int status = 403;
  bool temporary = false;
  std::string reply;
};
ApiError api_error(const Error& error, Dialect dialect, std::string_view about);
ApiError api_error(int status, const Error& error, Dialect dialect);

}  // namespace ratls::egress
