#include <ratls/services/http/exchange.h>

#include <array>

#include <ratls/services/http/problem.h>

namespace ratls::http {
namespace {

using Chunk = std::array<std::uint8_t, 4096>;

// What a read left behind may be a secret's first bytes.
struct WipedChunk {
  WipedChunk() = default;
  WipedChunk(const WipedChunk&) = delete;
  WipedChunk& operator=(const WipedChunk&) = delete;
  ~WipedChunk() { wipe(bytes); }
  Chunk bytes{};
};

Result<std::size_t> read_some(const Stream& stream, std::span<std::uint8_t> out,
                              Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline) {
    return Error(Reason::handshake_timeout, "the message took too long");
  }
  return stream.read(out);
}

// Fills `head`; says what of `chunk` came after it.
Result<ByteView> read_head(const Stream& stream, HeadReader& head, Chunk& chunk,
                           Deadline deadline) {
  while (true) {
    RATLS_TRY(const std::size_t got, read_some(stream, chunk, deadline));
    if (got == 0) {
      return head.started() ? Error(Reason::truncated_stream, "the stream ended in a head")
                            : Error(Reason::connection_closed, "no message came");
    }
    const ByteView arrived = ByteView(chunk).first(got);
    RATLS_TRY(const std::size_t used, head.feed(arrived));
    if (head.complete()) return arrived.subspan(used);
  }
}

Result<void> read_body(const Stream& stream, ByteView first, std::span<std::uint8_t> body,
                       Deadline deadline) {
  if (first.size() > body.size()) return Error(Reason::malformed_http, "bytes after the body");
  copy_bytes(first, body.first(first.size()));
  std::size_t have = first.size();
  while (have < body.size()) {
    RATLS_TRY(const std::size_t got, read_some(stream, body.subspan(have), deadline));
    if (got == 0) return Error(Reason::truncated_stream, "the stream ended in a body");
    have += got;
  }
  return {};
}

Result<std::size_t> body_size(const ResponseHead& head) {
  if (head.framing.transfer_encoding || !head.framing.content_length) {
    return Error(Reason::malformed_http, "an answer without a content-length");
  }
  if (*head.framing.content_length > kMaxBody) {
    return Error(Reason::malformed_http, "the body is longer than 65536 bytes");
  }
  return static_cast<std::size_t>(*head.framing.content_length);
}

Result<void> send_head(const Stream& stream, int status, std::string_view type, std::size_t size) {
  ResponseHead head{status, phrase(status), {}, {}};
  head.headers.add({"content-type", std::string(type)});
  head.headers.add({"content-length", std::to_string(size)});
  head.headers.add({"cache-control", "no-store"});
  head.headers.add({"connection", "close"});
  RATLS_TRY(const std::string text, write(head));
  return stream.write(as_bytes(text));
}

}  // namespace

Stream over(Channel& channel) {
  return {[&channel](std::span<std::uint8_t> out) { return channel.read(out); },
          [&channel](ByteView bytes) { return channel.write(bytes); }};
}

Result<RequestHead> read_request(const Stream& stream, Deadline deadline) {
  HeadReader reader;
  WipedChunk chunk;
  RATLS_TRY(const ByteView rest, read_head(stream, reader, chunk.bytes, deadline));
  RATLS_TRY(RequestHead head, parse_request(reader.text()));
  const bool body = head.framing.transfer_encoding || head.framing.content_length.value_or(0) != 0;
  if (body || !rest.empty()) return Error(Reason::malformed_http, "a request with a body");
  return head;
}

Result<void> send(const Stream& stream, int status, std::string_view content_type, ByteView body) {
  RATLS_CHECK(send_head(stream, status, content_type, body.size()));
  return stream.write(body);
}

Result<void> send_secret(const Stream& stream, const SecretBytes& body) {
  RATLS_CHECK(send_head(stream, 200, "application/octet-stream", body.size()));
  return body.expose([&](ByteView bytes) { return stream.write(bytes); });
}

Result<void> send_problem(const Stream& stream, int status, Reason reason) {
  const std::string body = problem_json(status, reason);
  return send(stream, status, kProblemType, as_bytes(body));
}

Result<SecretBytes> get(const Stream& stream, std::string_view host, std::string_view target,
                        Deadline deadline) {
  RequestHead request{"GET", std::string(target), {{"host", std::string(host)}}, {}};
  RATLS_TRY(const std::string text, write(request));
  RATLS_CHECK(stream.write(as_bytes(text)));
  HeadReader reader;
  WipedChunk chunk;
  RATLS_TRY(const ByteView rest, read_head(stream, reader, chunk.bytes, deadline));
  RATLS_TRY(const ResponseHead head, parse_response(reader.text()));
  RATLS_TRY(const std::size_t size, body_size(head));
  Bytes body(size);
  auto filled = read_body(stream, rest, body, deadline);
  if (!filled) {
    wipe(body);
    return std::move(filled).error();
  }
  // The text of an error is read, so that the connection ends in order, and not believed.
  if (head.status != 200) return error_of_status(head.status);
  return SecretBytes::take(std::move(body));
}

}  // namespace ratls::http
