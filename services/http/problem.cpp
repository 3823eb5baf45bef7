#include <ratls/services/http/problem.h>

#include <ratls/core/json.h>

namespace ratls::http {

std::string phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

std::string problem_json(int status, Reason reason) {
  json::Object out;
  out.text("type", "about:blank").text("title", phrase(status));
  out.number("status", static_cast<std::uint64_t>(status)).text("reason", code(reason));
  out.text("detail", sentence(reason));
  return out.str();
}

Error error_of_status(int status) {
  const std::string detail = "HTTP status " + std::to_string(status);
  if (status == 404) return Error(Reason::unknown_resource, detail);
  if (status == 401 || status == 403) return Error(Reason::peer_refused, detail);
  if (status == 429 || status == 503) return Error(Reason::cannot_judge_now, detail);
  return Error(Reason::malformed_http, detail);
}

}  // namespace ratls::http
