/// Errors of an HTTP service as RFC 9457 problem details, with our reason code.
#pragma once

#include <string>

#include <ratls/core/error.h>

namespace ratls::http {

/// RFC 9110, 15: "Not Found" for 404; "Error" for a status without a phrase here.
std::string phrase(int status);

/// {"type":"about:blank","title":"Not Found","status":404,"reason":"unknown_resource","detail":...}
/// The detail is the reason's own sentence: nothing of the peer, and nothing of the policy.
std::string problem_json(int status, Reason reason);

inline constexpr const char* kProblemType = "application/problem+json";

/// What a client makes of a status that is not 200. `detail` holds the status, no text of the peer.
Error error_of_status(int status);

}  // namespace ratls::http
