#include <ratls/detail/frames.h>

#include <algorithm>

#include <ratls/core/reader.h>
#include <ratls/core/secret.h>

namespace ratls::detail {

namespace {

std::string_view name(FrameType type) {
  switch (type) {
    case FrameType::data:
      return "DATA";
    case FrameType::request:
      return "REQUEST";
    case FrameType::evidence:
      return "EVIDENCE";
    case FrameType::verdict:
      break;
  }
  return "VERDICT";
}

}  // namespace

std::size_t max_body(FrameType type) noexcept {
  switch (type) {
    case FrameType::data:
      return kMaxData;
    case FrameType::request:
      return 64;
    case FrameType::evidence:
      return 8192;
    case FrameType::verdict:
      break;
  }
  return 1024;
}

// A DATA frame may hold a secret.
FrameReader::~FrameReader() {
  wipe(buffer_);
}

Result<void> FrameReader::read_header() {
  Reader header(buffer_, Reason::malformed_frame);
  RATLS_TRY(const std::uint8_t type, header.u8("frame type"));
  RATLS_TRY(const std::uint32_t length, header.u24be("frame length"));
  const bool first = !begun_;
  // A plain server's one frame is a VERDICT too.
  begun_ = begun_ || type != static_cast<std::uint8_t>(FrameType::verdict);
  if (type > static_cast<std::uint8_t>(FrameType::verdict)) {
    const std::string got = "type " + std::to_string(type);
    return Error(first && !only_ ? Reason::framing_mismatch : Reason::malformed_frame, got);
  }
  type_ = static_cast<FrameType>(type);
  if (only_ && type_ != *only_) {
    return Error(Reason::malformed_frame, "not a " + std::string(name(*only_)) + " first");
  }
  const bool empty = length == 0 && type_ != FrameType::data;
  if (empty || length > max_body(type_)) {
    return Error(Reason::malformed_frame,
                 std::string(name(type_)) + " of " + std::to_string(length) + " bytes");
  }
  need_ = kFrameHeaderSize + length;
  headed_ = true;
  complete_ = length == 0;
  return {};
}

Result<std::size_t> FrameReader::feed(ByteView bytes) {
  std::size_t used = 0;
  while (!complete_ && used < bytes.size()) {
    const std::size_t count = std::min(need_ - buffer_.size(), bytes.size() - used);
    append(buffer_, bytes.subspan(used, count));
    used += count;
    if (buffer_.size() < need_) continue;
    if (headed_) {
      complete_ = true;
      continue;
    }
    if (auto known = read_header(); !known) {
      buffer_.resize(kFrameHeaderSize);
      need_ = kFrameHeaderSize;
      complete_ = true;
      return std::move(known).error();
    }
  }
  return used;
}

std::optional<Frame> FrameReader::take() {
  if (!complete_ || !headed_) return std::nullopt;
  const ByteView body = ByteView(buffer_).subspan(kFrameHeaderSize);
  Frame out{type_, {body.begin(), body.end()}};
  wipe(buffer_);
  buffer_.clear();
  need_ = kFrameHeaderSize;
  headed_ = false;
  complete_ = false;
  return out;
}

}  // namespace ratls::detail
