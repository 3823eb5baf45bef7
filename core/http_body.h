/// The body of an HTTP/1.1 message (RFC 9112, sections 6 and 7), without I/O.
///
/// Taken: a Content-Length, or the transfer coding "chunked" and no other. Refused: chunk
/// extensions, trailers, a chunk size that is not 1 to 8 hex digits, a line feed without a carriage
/// return.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/http_head.h>
#include <ratls/core/result.h>

namespace ratls::http {

/// Finds the end of one body in a byte stream, in pieces of any size, and keeps none of it.
/// Threads: a value; one at a time.
class BodyScanner {
 public:
  /// A body of `framing`; without any length there is none. `limit` bounds its data.
  /// Errors: malformed_http.
  static Result<BodyScanner> open(const Headers& headers, const Framing& framing,
                                  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

  /// Says how many of `bytes` belong to the body, the lines of chunks included; less than all only
  /// where it is complete. What of them is data goes to `data`, where one is given.
  /// Errors: malformed_http; the scanner is of no use afterwards.
  Result<std::size_t> feed(ByteView bytes, Bytes* data = nullptr);
  [[nodiscard]] bool complete() const noexcept { return state_ == State::complete; }

 private:
  enum class State : std::uint8_t { data, size_line, data_end, last_line, complete };

  explicit BodyScanner(std::uint64_t limit) noexcept : allowed_(limit), limit_(limit) {}
  Result<void> begin(std::uint64_t size, State after);
  std::size_t take_data(ByteView bytes, Bytes* data);
  Result<void> take_line_byte(std::uint8_t byte);
  Result<void> end_line();
  Result<void> read_size();

  std::uint64_t allowed_;  // data that may still be announced
  std::uint64_t limit_;
  State state_ = State::complete;
  State after_data_ = State::complete;
  std::uint64_t left_ = 0;  // of the data that is being read
  std::string line_;
};

/// Takes one body out of a byte stream and keeps it, at most `limit` bytes: one that is announced
/// as longer, or grows longer, is refused there and then. An answer without a length is refused:
/// its end could not be told from a cut. Threads: a value; one at a time.
class BodyReader {
 public:
  /// Errors: malformed_http.
  static Result<BodyReader> open(const ResponseHead& head, std::size_t limit);

  /// As BodyScanner::feed().
  Result<std::size_t> feed(ByteView bytes) { return scanner_.feed(bytes, &body_); }
  [[nodiscard]] bool complete() const noexcept { return scanner_.complete(); }
  [[nodiscard]] const Bytes& body() const noexcept { return body_; }
  Bytes take() && noexcept { return std::move(body_); }

 private:
  explicit BodyReader(BodyScanner scanner) noexcept : scanner_(std::move(scanner)) {}

  BodyScanner scanner_;
  Bytes body_;
};

}  // namespace ratls::http
