#include <ratls/core/http_body.h>

#include <algorithm>
#include <charconv>

namespace ratls::http {
namespace {

// A size line: 8 digits, CR and LF.
constexpr std::size_t kMaxDigits = 8;

Error malformed(std::string what) {
  return Error(Reason::malformed_http, std::move(what));
}

bool is_chunked(std::string_view coding) {
  constexpr std::string_view kChunked = "chunked";
  return std::equal(
      coding.begin(), coding.end(), kChunked.begin(), kChunked.end(), [](char c, char wanted) {
        return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == wanted;
      });
}

}  // namespace

Result<BodyScanner> BodyScanner::open(const Headers& headers, const Framing& framing,
                                      std::uint64_t limit) {
  BodyScanner out(limit);
  if (framing.transfer_encoding) {
    const std::string* coding = headers.find("transfer-encoding");
    if (coding == nullptr || !is_chunked(*coding)) return malformed("an unknown transfer-encoding");
    out.state_ = State::size_line;
    return out;
  }
  if (framing.content_length) {
    RATLS_CHECK(out.begin(*framing.content_length, State::complete));
  }
  return out;
}

Result<void> BodyScanner::begin(std::uint64_t size, State after) {
  if (size > allowed_) {
    return malformed("the body is longer than " + std::to_string(limit_) + " bytes");
  }
  allowed_ -= size;
  left_ = size;
  after_data_ = after;
  state_ = left_ == 0 ? after : State::data;
  return {};
}

std::size_t BodyScanner::take_data(ByteView bytes, Bytes* data) {
  const std::size_t count = left_ < bytes.size() ? static_cast<std::size_t>(left_) : bytes.size();
  if (data != nullptr) append(*data, bytes.first(count));
  left_ -= count;
  if (left_ == 0) state_ = after_data_;
  return count;
}

Result<void> BodyScanner::take_line_byte(std::uint8_t byte) {
  const char c = static_cast<char>(byte);
  const bool after_return = !line_.empty() && line_.back() == '\r';
  if ((c == '\n') != after_return) return malformed("a chunk's line must end with CR LF");
  line_.push_back(c);
  if (c == '\n') return end_line();
  if (line_.size() > kMaxDigits + 1) return malformed("a chunk's size is too long");
  return {};
}

Result<void> BodyScanner::end_line() {
  line_.resize(line_.size() - 2);
  if (state_ == State::size_line) {
    RATLS_CHECK(read_size());
  } else if (!line_.empty()) {
    return malformed(state_ == State::data_end ? "a chunk is longer than its size" : "a trailer");
  } else {
    state_ = state_ == State::data_end ? State::size_line : State::complete;
  }
  line_.clear();
  return {};
}

Result<void> BodyScanner::read_size() {
  std::uint64_t size = 0;
  const char* end = line_.data() + line_.size();
  const auto parsed = std::from_chars(line_.data(), end, size, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return malformed("a chunk's size");
  if (size == 0) {
    state_ = State::last_line;
    return {};
  }
  return begin(size, State::data_end);
}

Result<std::size_t> BodyScanner::feed(ByteView bytes, Bytes* data) {
  std::size_t used = 0;
  while (used < bytes.size() && !complete()) {
    if (state_ == State::data) {
      used += take_data(bytes.subspan(used), data);
    } else {
      RATLS_CHECK(take_line_byte(bytes[used]));
      ++used;
    }
  }
  return used;
}

Result<BodyReader> BodyReader::open(const ResponseHead& head, std::size_t limit) {
  if (!head.framing.transfer_encoding && !head.framing.content_length) {
    return malformed("an answer without a length");
  }
  RATLS_TRY(BodyScanner scanner, BodyScanner::open(head.headers, head.framing, limit));
  return BodyReader(std::move(scanner));
}

}  // namespace ratls::http
