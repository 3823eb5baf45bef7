#include <ratls/core/http_head.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace ratls::http {
namespace {

constexpr std::string_view kEnd = "\r\n";
constexpr std::string_view kVersion = "HTTP/1.1";
// More than any body that is read; keeps the number from being a memory request.
constexpr std::size_t kMaxLengthDigits = 15;

Error malformed(std::string what) {
  return Error(Reason::malformed_http, std::move(what));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 9110, 5.6.2: tchar.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c < 0x7f); });
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The lines of a head without their ends; the empty last one is not among them.
Result<std::vector<std::string_view>> lines_of(std::string_view head) {
  if (head.size() > kMaxProxyHead) return malformed("the head is longer than 65536 bytes");
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = head.find(kEnd);
    if (end == std::string_view::npos) return malformed("the head does not end");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kEnd.size());
    if (line.empty()) break;
    if (!is_text(line)) return malformed("a control character or a byte outside ASCII");
    lines.push_back(line);
  }
  if (!head.empty()) return malformed("bytes after the head");
  if (lines.empty()) return malformed("an empty head");
  return lines;
}

Result<Header> parse_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return malformed("a folded header line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header line without a colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return malformed("a header name that is no token");
  return Header{std::string(name), std::string(trimmed(line.substr(colon + 1)))};
}

Result<Headers> parse_fields(const std::vector<std::string_view>& lines) {
  if (lines.size() - 1 > kMaxHeaders) return malformed("more than 64 headers");
  Headers out;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    RATLS_TRY(Header field, parse_field(lines[i]));
    out.add(std::move(field));
  }
  for (const auto* name : {"host", "content-length", "content-type", "transfer-encoding"}) {
    if (out.count(name) > 1) return malformed(std::string("two headers ") + name);
  }
  return out;
}

Result<Framing> framing_of(const Headers& headers) {
  Framing out;
  out.transfer_encoding = headers.find("transfer-encoding") != nullptr;
  const std::string* length = headers.find("content-length");
  if (length == nullptr) return out;
  if (out.transfer_encoding) return malformed("content-length beside transfer-encoding");
  if (length->size() > kMaxLengthDigits) return malformed("content-length is too long");
  std::uint64_t value = 0;
  const char* end = length->data() + length->size();
  const auto parsed = std::from_chars(length->data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end)
    return malformed("content-length is no number");
  out.content_length = value;
  return out;
}

// "GET /path HTTP/1.1", split at single spaces.
Result<void> parse_request_line(std::string_view line, RequestHead& out) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed("the request line");
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  if (!is_token(out.method)) return malformed("the method");
  if (line.substr(last + 1) != kVersion) return malformed("not HTTP/1.1");
  const bool form = out.method == "CONNECT" || out.target.starts_with('/');
  if (out.target.empty() || !form || !is_visible(out.target) ||
      out.target.find('#') != std::string::npos) {
    return malformed("the request target");
  }
  return {};
}

// "HTTP/1.1 200 OK"; the phrase may be empty.
Result<void> parse_status_line(std::string_view line, ResponseHead& out) {
  constexpr std::size_t kCode = kVersion.size() + 1;
  if (line.substr(0, kVersion.size()) != kVersion) return malformed("not HTTP/1.1");
  if (line.size() < kCode + 4 || line[kVersion.size()] != ' ' || line[kCode + 3] != ' ') {
    return malformed("the status line");
  }
  const std::string_view digits = line.substr(kCode, 3);
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return malformed("the status");
  out.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  if (out.status < 100 || out.status > 599) return malformed("the status");
  out.phrase = line.substr(kCode + 4);
  return {};
}

std::string fields_text(const Headers& headers) {
  std::string out;
  for (const Header& field : headers.all()) {
    out.append(field.name).append(": ").append(field.value).append(kEnd);
  }
  return out.append(kEnd);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* Headers::find(std::string_view name) const noexcept {
  for (const Header& field : fields_) {
    if (same_name(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const Header& field) { return same_name(field.name, name); }));
}

Result<RequestHead> parse_request(std::string_view head) {
  RATLS_TRY(const auto lines, lines_of(head));
  RequestHead out;
  RATLS_CHECK(parse_request_line(lines.front(), out));
  RATLS_TRY(out.headers, parse_fields(lines));
  if (out.headers.find("host") == nullptr) return malformed("no host");
  RATLS_TRY(out.framing, framing_of(out.headers));
  return out;
}

Result<ResponseHead> parse_response(std::string_view head) {
  RATLS_TRY(const auto lines, lines_of(head));
  ResponseHead out;
  RATLS_CHECK(parse_status_line(lines.front(), out));
  RATLS_TRY(out.headers, parse_fields(lines));
  RATLS_TRY(out.framing, framing_of(out.headers));
  return out;
}

Result<std::string> write(const RequestHead& head) {
  std::string out = head.method + " " + head.target + " " + std::string(kVersion);
  out.append(kEnd).append(fields_text(head.headers));
  RATLS_TRY(const RequestHead again, parse_request(out));
  if (again.method != head.method || again.headers.all().size() != head.headers.all().size()) {
    return malformed("a value that would end its line");
  }
  return out;
}

Result<std::string> write(const ResponseHead& head) {
  std::string out(kVersion);
  out.append(" ").append(std::to_string(head.status)).append(" ").append(head.phrase);
  out.append(kEnd).append(fields_text(head.headers));
  RATLS_TRY(const ResponseHead again, parse_response(out));
  if (again.status != head.status || again.headers.all().size() != head.headers.all().size()) {
    return malformed("a value that would end its line");
  }
  return out;
}

Result<void> HeadReader::take(std::uint8_t byte) {
  const char c = static_cast<char>(byte);
  const bool after_return = !text_.empty() && text_.back() == '\r';
  if ((c == '\n') != after_return) return malformed("a line must end with CR LF");
  text_.push_back(c);
  complete_ = text_.ends_with("\r\n\r\n") || text_ == kEnd;
  if (!complete_ && text_.size() >= limit_) {
    return malformed("the head is longer than " + std::to_string(limit_) + " bytes");
  }
  return {};
}

Result<std::size_t> HeadReader::feed(ByteView bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !complete_) {
    RATLS_CHECK(take(bytes[used]));
    ++used;
  }
  return used;
}

}  // namespace ratls::http
