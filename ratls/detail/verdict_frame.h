/// The VERDICT frame (docs/protocol.md, section 8): how a server's judgement reaches its client.
#pragma once

#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

/// VERDICT [code, reason, hint].
struct VerdictFrame {
  enum class Code : std::uint8_t { accepted = 0, not_authentic = 1, policy = 2, cannot_judge = 3 };

  Code code = Code::accepted;
  std::string reason;  ///< a reason code, or what the operator chose to disclose
  std::string hint;

  /// The whole frame, header included. reason and hint are cut so that it stays under 1 KB.
  [[nodiscard]] Bytes encode() const;
  /// What a client reports for this frame: nothing where it was accepted. Text of the peer is
  /// reduced to printable ASCII.
  [[nodiscard]] std::optional<Error> as_error() const;
};

/// Takes the first frame out of a stream of application bytes, in pieces of any size.
class VerdictReader {
 public:
  /// Says how many of `bytes` belong to the frame; the rest is application data.
  /// Errors: malformed_frame. A longer length than 1 KB is refused unread.
  Result<std::size_t> feed(ByteView bytes);
  /// The frame, once it is complete.
  [[nodiscard]] const std::optional<VerdictFrame>& frame() const noexcept { return frame_; }

 private:
  Result<void> decode_body(ByteView body);

  Bytes buffer_;
  std::optional<VerdictFrame> frame_;
};

}  // namespace ratls::detail
