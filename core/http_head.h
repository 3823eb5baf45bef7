/// HTTP/1.1 message heads (RFC 9112), in the narrow form that this project speaks.
///
/// What it refuses: a line feed without a carriage return, folded lines, control characters and
/// bytes outside ASCII, other versions than 1.1, a request without exactly one Host, a second
/// Host, Content-Length, Content-Type or Transfer-Encoding, and Content-Length beside
/// Transfer-Encoding: everything that two implementations may read in two ways.
/// Errors, of all functions: malformed_http. Threads: all types here are values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::http {

/// The most bytes of a head, its empty last line included, where a reader is not given another.
inline constexpr std::size_t kMaxHead = 8192;
/// The most that any reader takes: what a proxy lets pass.
inline constexpr std::size_t kMaxProxyHead = 65536;
inline constexpr std::size_t kMaxHeaders = 64;

struct Header {
  std::string name;  ///< as sent; compared without regard to case
  std::string value;
};

/// The fields of a head.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  /// The first field of that name; null where there is none.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<Header>& all() const noexcept { return fields_; }
  void add(Header field) { fields_.push_back(std::move(field)); }

 private:
  std::vector<Header> fields_;
};

/// Are these the same field name? Without regard to case (RFC 9110, 5.1).
bool same_name(std::string_view a, std::string_view b);

/// Does a body follow, and how long is it?
struct Framing {
  std::optional<std::uint64_t> content_length;
  bool transfer_encoding = false;  ///< of any kind; nothing here decodes one
};

struct RequestHead {
  std::string method;
  std::string target;  ///< begins with '/'; of CONNECT it is host:port
  Headers headers;
  Framing framing;  ///< set by parsing; writing takes it from the headers
};

struct ResponseHead {
  int status = 0;  ///< 100 to 599
  std::string phrase;
  Headers headers;
  Framing framing;
};

/// `head` ends with its empty line.
Result<RequestHead> parse_request(std::string_view head);
Result<ResponseHead> parse_response(std::string_view head);

/// The head as sent. What this library would not read it does not write: a value with a line feed
/// in it is an error, never a second header.
Result<std::string> write(const RequestHead& head);
Result<std::string> write(const ResponseHead& head);

/// Takes one head out of a byte stream, in pieces of any size.
class HeadReader {
 public:
  HeadReader() = default;
  explicit HeadReader(std::size_t limit) noexcept : limit_(limit) {}
  /// Says how many of `bytes` belong to the head; the rest is the body. A head that is too long is
  /// refused when it gets there, not when it ends.
  Result<std::size_t> feed(ByteView bytes);
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  /// Has anything arrived?
  [[nodiscard]] bool started() const noexcept { return !text_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  Result<void> take(std::uint8_t byte);

  std::size_t limit_ = kMaxHead;
  std::string text_;
  bool complete_ = false;
};

}  // namespace ratls::http
