/// The body of an HTTP/1.1 answer (RFC 9112, sections 6 and 7), without I/O.
///
/// Taken: a Content-Length, or the transfer coding "chunked" and no other. Refused: an answer with
/// neither (its end could not be told from a cut), chunk extensions, trailers, a chunk size that is
/// not 1 to 8 hex digits, a line feed without a carriage return.
#pragma once

#include <cstdint>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/http_head.h>
#include <ratls/core/result.h>

namespace ratls::http {

/// Takes one body out of a byte stream, in pieces of any size. Keeps at most `limit` bytes: a body
/// that is announced as longer, or grows longer, is refused there and then.
/// Threads: a value; one at a time.
class BodyReader {
 public:
  /// Errors: malformed_http.
  static Result<BodyReader> open(const ResponseHead& head, std::size_t limit);

  /// Says how many of `bytes` belong to the body; less than all only where it is complete.
  /// Errors: malformed_http; the reader is of no use afterwards.
  Result<std::size_t> feed(ByteView bytes);
  [[nodiscard]] bool complete() const noexcept { return state_ == State::complete; }
  [[nodiscard]] const Bytes& body() const noexcept { return body_; }
  Bytes take() && noexcept { return std::move(body_); }

 private:
  enum class State : std::uint8_t { data, size_line, data_end, last_line, complete };

  explicit BodyReader(std::size_t limit) noexcept : limit_(limit) {}
  Result<void> begin(std::uint64_t size, State after);
  std::size_t take_data(ByteView bytes);
  Result<void> take_line_byte(std::uint8_t byte);
  Result<void> end_line();
  Result<void> read_size();

  std::size_t limit_;
  State state_ = State::complete;
  State after_data_ = State::complete;
  std::size_t left_ = 0;  // of the data that is being read
  std::string line_;
  Bytes body_;
};

}  // namespace ratls::http
