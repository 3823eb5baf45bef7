/// Frames after the handshake (docs/protocol.md, section 8): their bytes, and nothing about when
/// one may come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

enum class FrameType : std::uint8_t { data = 0, request = 1, evidence = 2, verdict = 3 };

/// type u8, length u24.
inline constexpr std::size_t kFrameHeaderSize = 4;
/// The longest DATA body.
inline constexpr std::size_t kMaxData = 16384;
/// Header and body of such a frame still fit one TLS record.
inline constexpr std::size_t kDataChunk = kMaxData - kFrameHeaderSize;

/// The longest body of a type. Unit: bytes.
std::size_t max_body(FrameType type) noexcept;

/// What a REQUEST is known by; random, and never used twice in a session.
using FrameContext = FixedBytes<32, struct FrameContextTag>;

/// A frame as it arrived; its body is not decoded.
struct Frame {
  FrameType type = FrameType::data;
  Bytes body;
};

/// Takes frames out of a stream, in pieces of any size. What is longer than its type allows is
/// refused when its header is known, before any of its body is kept.
class FrameReader {
 public:
  /// `only`: every other type is refused.
  explicit FrameReader(std::optional<FrameType> only = std::nullopt) : only_(only) {}
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;
  ~FrameReader();

  /// Takes bytes up to the end of one frame and says how many; none while take() has one to give.
  /// Errors: framing_mismatch where the stream begins, behind a VERDICT at most, with a type
  /// that does not exist; malformed_frame. After an error it takes nothing more.
  Result<std::size_t> feed(ByteView bytes);
  /// The frame that is complete, once.
  [[nodiscard]] std::optional<Frame> take();
  /// Has a frame begun that is not complete?
  [[nodiscard]] bool inside() const noexcept { return !buffer_.empty() && !complete_; }

 private:
  Result<void> read_header();

  std::optional<FrameType> only_;
  FrameType type_ = FrameType::data;
  std::size_t need_ = kFrameHeaderSize;
  bool headed_ = false;    // the header is known
  bool complete_ = false;  // the frame waits for take()
  bool begun_ = false;     // a header of framed streams was read before
  Bytes buffer_;
};

/// A whole frame, header included; `body` must not be longer than max_body().
Bytes encode_frame(FrameType type, ByteView body);

/// REQUEST [ctx, min-level].
struct RequestFrame {
  FrameContext context;
  std::uint64_t min_level = 3;

  [[nodiscard]] Bytes encode() const;  ///< the whole frame
  /// Errors: malformed_frame.
  static Result<RequestFrame> decode(ByteView body);
};

/// EVIDENCE [ctx, evidence]; the evidence is not decoded here.
struct EvidenceFrame {
  FrameContext context;
  Bytes evidence;

  /// The whole frame. Errors: malformed_evidence where it would be too long.
  [[nodiscard]] Result<Bytes> encode() const;
  /// Errors: malformed_frame.
  static Result<EvidenceFrame> decode(ByteView body);
};

/// VERDICT [code, reason, hint].
struct VerdictFrame {
  enum class Code : std::uint8_t { accepted = 0, not_authentic = 1, policy = 2, cannot_judge = 3 };

  Code code = Code::accepted;
  std::string reason;  ///< a reason code, or what the operator chose to disclose
  std::string hint;

  /// The whole frame. reason and hint are cut so that it stays under 1 KB.
  [[nodiscard]] Bytes encode() const;
  /// Errors: malformed_frame.
  static Result<VerdictFrame> decode(ByteView body);
  /// What the judged side reports for this frame: nothing where it was accepted. Text of the peer
  /// is reduced to printable ASCII.
  [[nodiscard]] std::optional<Error> as_error() const;
};

}  // namespace ratls::detail
