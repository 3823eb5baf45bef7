#include <ratls/services/egress/api_error.h>

#include <ratls/core/json.h>

namespace ratls::egress {

namespace {

std::string body_of(Dialect dialect, std::string_view type, std::string_view code,
                    std::string_view message) {
  json::Object error;
  json::Object out;
  if (dialect == Dialect::anthropic) {
    error.text("type", type).text("message", message).text("code", code);
    return out.text("type", "error").raw("error", error.str()).str();
  }
  error.text("message", message).text("type", type).null("param").text("code", code);
  return out.raw("error", error.str()).str();
}

std::string_view phrase_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 503:
      return "Service Unavailable";
    default:
      return "Bad Gateway";
  }
}

ApiError reply_of(int status, std::string_view type, Dialect dialect, std::string_view reason,
                  std::string_view message) {
  const bool temporary = status == 503;
  const std::string body = body_of(dialect, type, reason, message);
  std::string head = "HTTP/1.1 " + std::to_string(status) + " " + std::string(phrase_of(status));
  head += "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size());
  head += "\r\nx-ratls-reason: " + std::string(reason);
  head += temporary ? "\r\nretry-after: 1" : "\r\nx-should-retry: false";
  head += "\r\nconnection: close\r\n\r\n";
  return {status, temporary, head + body};
}

}  // namespace

bool is_temporary(Reason reason) {
  switch (reason) {
    case Reason::connection_failed:
    case Reason::connection_closed:
    case Reason::handshake_timeout:
    case Reason::truncated_stream:
    case Reason::cannot_judge_now:
    case Reason::evidence_timeout:
    case Reason::firmware_throttled:
    case Reason::missing_endorsement:
    case Reason::io_error:
      return true;
    default:
      return false;
  }
}

Dialect dialect_of(const http::RequestHead& request) {
  const bool theirs = request.headers.find("anthropic-version") != nullptr ||
                      request.target.starts_with("/v1/messages");
  return theirs ? Dialect::anthropic : Dialect::openai;
}

ApiError api_error(const Error& error, Dialect dialect, std::string_view about) {
  std::string message = "ratls: ";
  if (!about.empty()) message += std::string(about) + ": ";
  message += error.message();
  const std::string_view reason = code(error.reason());
  if (is_temporary(error.reason())) {
    return reply_of(503, "upstream_unavailable", dialect, reason, message);
  }
  // No client library asks again after 403: LangChain and the AI SDK would after 502, whatever
  // x-should-retry says.
  const bool garbled = error.reason() == Reason::malformed_http;
  return garbled ? reply_of(502, "upstream_error", dialect, reason, message)
                 : reply_of(403, "attestation_error", dialect, reason, message);
}

ApiError api_error(int status, const Error& error, Dialect dialect) {
  return reply_of(status, "invalid_request_error", dialect, code(error.reason()),
                  "ratls: " + error.message());
}

}  // namespace ratls::egress
