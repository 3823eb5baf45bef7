/// One HTTP request and its answer over an attested channel.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include <ratls/channel.h>
#include <ratls/core/http_head.h>
#include <ratls/core/secret.h>

namespace ratls::http {

/// The most bytes of a body that get() takes.
inline constexpr std::size_t kMaxBody = 65536;

/// A byte stream; read() says 0 at its orderly end.
struct Stream {
  std::function<Result<std::size_t>(std::span<std::uint8_t>)> read;
  std::function<Result<void>(ByteView)> write;
};
/// `channel` is borrowed.
Stream over(Channel& channel);

/// A server's side: the next request, which must come without a body. `deadline` bounds all of it,
/// whatever the stream allows a single read.
/// Errors: malformed_http, handshake_timeout, connection_closed (nothing more comes),
/// truncated_stream (it ended in mid-head), and the stream's own.
Result<RequestHead> read_request(const Stream& stream, Deadline deadline);

/// Answers, and says that the connection ends with it. Errors: the stream's.
Result<void> send(const Stream& stream, int status, std::string_view content_type, ByteView body);
/// The same for a secret, which is never copied into the head's buffer.
Result<void> send_secret(const Stream& stream, const SecretBytes& body);
Result<void> send_problem(const Stream& stream, int status, Reason reason);

/// A client's side: GET `target`, and the body of a 200 with a Content-Length of at most kMaxBody.
/// `host` names whom the request is for. The body goes into guarded memory; the buffer that it
/// passed through is wiped.
/// Errors: those of error_of_status(), malformed_http, handshake_timeout, truncated_stream, and
/// the stream's own.
Result<SecretBytes> get(const Stream& stream, std::string_view host, std::string_view target,
                        Deadline deadline);

}  // namespace ratls::http
