#include <ratls/kds/detail/exchange.h>

#include <array>
#include <charconv>

#include <ratls/core/http_body.h>
#include <ratls/core/http_head.h>
#include <ratls/kds/detail/tls_stream.h>
#include <ratls/tcp.h>

namespace ratls::kds {
namespace {

using Buffer = std::array<std::uint8_t, 4096>;

// Reads a head, and says what of `buffer` came after it. `read` is TlsStream's or a transport's.
template <class Read>
Result<http::ResponseHead> read_head(const Read& read, Buffer& buffer, ByteView& rest) {
  http::HeadReader reader;
  while (!reader.complete()) {
    RATLS_TRY(const std::size_t got, read(std::span<std::uint8_t>(buffer)));
    if (got == 0) {
      return reader.started() ? Error(Reason::truncated_stream, "the answer ended in its head")
                              : Error(Reason::connection_closed, "no answer came");
    }
    const ByteView bytes = ByteView(buffer).first(got);
    RATLS_TRY(const std::size_t used, reader.feed(bytes));
    rest = bytes.subspan(used);
  }
  return http::parse_response(reader.text());
}

Result<void> connect_through(Transport& proxy, const BaseUrl& base, const Patience& patience) {
  const std::string peer = base.address().text();
  const std::string request = "CONNECT " + peer + " HTTP/1.1\r\nHost: " + peer + "\r\n\r\n";
  RATLS_CHECK(write_all(proxy, as_bytes(request), patience));
  Buffer buffer{};
  ByteView rest;
  const auto read = [&](std::span<std::uint8_t> out) { return read_some(proxy, out, patience); };
  RATLS_TRY(const http::ResponseHead head, read_head(read, buffer, rest));
  if (head.status / 100 != 2) {
    return Error(Reason::kds_unavailable,
                 "the proxy answered HTTP status " + std::to_string(head.status));
  }
  if (!rest.empty()) return Error(Reason::malformed_http, "the proxy spoke before the server");
  return {};
}

Result<std::unique_ptr<Transport>> reach(const Endpoint& endpoint, const Patience& patience) {
  const Address next = endpoint.proxy ? *endpoint.proxy : endpoint.base.address();
  auto transport = TcpStream::connect(next, patience.within(endpoint.connect_limit));
  if (!transport && endpoint.proxy) {
    return Error(Reason::connection_failed, "the proxy at " + transport.error().detail());
  }
  if (!transport) return transport;
  if (endpoint.proxy) RATLS_CHECK(connect_through(**transport, endpoint.base, patience));
  return transport;
}

Result<std::string> request_text(const BaseUrl& base, const std::string& target) {
  http::RequestHead head{"GET", base.path + target, {}, {}};
  head.headers.add({"Host", base.authority()});
  head.headers.add({"User-Agent", "ratls"});
  head.headers.add({"Accept", "*/*"});
  head.headers.add({"Connection", "close"});
  return http::write(head);
}

Result<Bytes> read_body(TlsStream& stream, const http::ResponseHead& head, ByteView first,
                        Buffer& buffer, const Patience& patience) {
  RATLS_TRY(http::BodyReader reader, http::BodyReader::open(head, kMaxAnswer));
  RATLS_TRY(std::size_t used, reader.feed(first));
  if (used != first.size()) return Error(Reason::malformed_http, "bytes after the body");
  while (!reader.complete()) {
    RATLS_TRY(const std::size_t got, stream.read(buffer, patience));
    if (got == 0) return Error(Reason::truncated_stream, "the answer ended in its body");
    RATLS_TRY(used, reader.feed(ByteView(buffer).first(got)));
    if (used != got) return Error(Reason::malformed_http, "bytes after the body");
  }
  return std::move(reader).take();
}

std::optional<int> number(std::string_view text) {
  int out = 0;
  const bool digits = !text.empty() && text.size() <= 9 &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::optional<int> month(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == name) return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". The day's name is not compared.
std::optional<Timestamp> parse_http_date(std::string_view text) {
  constexpr std::string_view kShape = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != kShape.size() || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) {
    return std::nullopt;
  }
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const auto year = number(text.substr(12, 4));
  const auto mon = month(text.substr(8, 3));
  const auto day = number(text.substr(5, 2));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (!year || !mon || !day || !hour || !minute || !second) return std::nullopt;
  return from_calendar(*year, *mon, *day, *hour, *minute, *second);
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, const Clock& clock) {
  std::int64_t left = 0;
  const bool digits =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits) {
    left = number(text).value_or(static_cast<int>(kMaxRetryAfter.count()));
  } else {
    const auto date = parse_http_date(text);
    const auto now = clock.now();
    if (!date || !now) return std::nullopt;
    left = date->unix_seconds - now->unix_seconds;
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(left, 0, kMaxRetryAfter.count()));
}

Result<Answer> https_get(const Endpoint& endpoint, const std::string& target, const Clock& clock,
                         const Patience& patience) {
  RATLS_TRY(const std::string request, request_text(endpoint.base, target));
  RATLS_TRY(auto transport, reach(endpoint, patience));
  RATLS_TRY(const auto stream,
            TlsStream::open(std::move(transport), endpoint.ca_pem, endpoint.base.host, patience));
  RATLS_CHECK(stream->write(as_bytes(request), patience));
  Buffer buffer{};
  ByteView rest;
  const auto read = [&](std::span<std::uint8_t> out) { return stream->read(out, patience); };
  RATLS_TRY(const http::ResponseHead head, read_head(read, buffer, rest));
  Answer out;
  out.status = head.status;
  if (const auto* text = head.headers.find("retry-after")) {
    out.retry_after = parse_retry_after(*text, clock);
  }
  if (out.status != 200) return out;
  RATLS_TRY(out.body, read_body(*stream, head, rest, buffer, patience));
  return out;
}

}  // namespace ratls::kds
