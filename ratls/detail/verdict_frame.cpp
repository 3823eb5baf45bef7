#include <ratls/detail/verdict_frame.h>

#include <algorithm>

#include <ratls/core/cbor.h>
#include <ratls/core/reader.h>

namespace ratls::detail {

namespace {

constexpr std::uint8_t kVerdictType = 3;
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kMaxBody = 1024;
constexpr std::size_t kMaxReason = 64;
constexpr std::size_t kMaxHint = 800;

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) out.push_back(c >= 0x20 && c < 0x7F ? c : '?');
  return out;
}

}  // namespace

Bytes VerdictFrame::encode() const {
  cbor::Writer body;
  body.array(3).uint(static_cast<std::uint64_t>(code));
  body.text(printable(reason, kMaxReason)).text(printable(hint, kMaxHint));
  const Bytes bytes = std::move(body).take();
  Writer out;
  out.u8(kVerdictType).u24be(static_cast<std::uint32_t>(bytes.size())).bytes(bytes);
  return std::move(out).take();
}

std::optional<Error> VerdictFrame::as_error() const {
  if (code == Code::accepted) return std::nullopt;
  std::string detail = "the peer says " + printable(reason, kMaxReason);
  if (!hint.empty()) detail += " (" + printable(hint, kMaxHint) + ")";
  const bool retry = code == Code::cannot_judge;
  return Error(retry ? Reason::cannot_judge_now : Reason::peer_refused, std::move(detail));
}

Result<std::size_t> VerdictReader::feed(ByteView bytes) {
  std::size_t used = 0;
  while (!frame_ && used < bytes.size()) {
    // Header first: its length must be known, and small, before any of the body is kept.
    std::size_t need = kHeaderSize;
    if (buffer_.size() >= kHeaderSize) {
      Reader header(buffer_, Reason::malformed_frame);
      RATLS_TRY(const std::uint8_t type, header.u8("frame type"));
      RATLS_TRY(const std::uint32_t length, header.u24be("frame length"));
      if (type != kVerdictType) return Error(Reason::malformed_frame, "not a VERDICT first");
      if (length == 0 || length > kMaxBody) {
        return Error(Reason::malformed_frame, "a VERDICT of " + std::to_string(length) + " bytes");
      }
      need += length;
    }
    const std::size_t count = std::min(need - buffer_.size(), bytes.size() - used);
    append(buffer_, bytes.subspan(used, count));
    used += count;
    if (need > kHeaderSize && buffer_.size() == need) {
      RATLS_CHECK(decode_body(ByteView(buffer_).subspan(kHeaderSize)));
    }
  }
  return used;
}

Result<void> VerdictReader::decode_body(ByteView body) {
  cbor::Reader in(body, Reason::malformed_frame);
  RATLS_CHECK(in.array_of(3));
  RATLS_TRY(const std::uint64_t code, in.uint());
  RATLS_TRY(const std::string_view reason, in.text());
  RATLS_TRY(const std::string_view hint, in.text());
  RATLS_CHECK(in.finish());
  // "others refuse": a code from a later version is a refusal, never an acceptance.
  const auto known = static_cast<std::uint8_t>(code <= 3 ? code : 2);
  frame_ =
      VerdictFrame{static_cast<VerdictFrame::Code>(known), std::string(reason), std::string(hint)};
  return {};
}

}  // namespace ratls::detail
