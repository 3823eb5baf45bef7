#include <ratls/detail/frames.h>

#include <ratls/core/cbor.h>
#include <ratls/core/reader.h>

namespace ratls::detail {

namespace {

constexpr std::size_t kMaxReason = 64;
constexpr std::size_t kMaxHint = 800;

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) out.push_back(c >= 0x20 && c < 0x7F ? c : '?');
  return out;
}

Result<FrameContext> read_context(cbor::Reader& in) {
  RATLS_TRY(const ByteView bytes, in.bytes());
  const auto context = FrameContext::from(bytes);
  if (context) return *context;
  return Error(Reason::malformed_frame, "a ctx of " + std::to_string(bytes.size()) + " bytes");
}

}  // namespace

Bytes encode_frame(FrameType type, ByteView body) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(type)).u24be(static_cast<std::uint32_t>(body.size()));
  out.bytes(body);
  return std::move(out).take();
}

Bytes RequestFrame::encode() const {
  cbor::Writer body;
  body.array(2).bytes(context.view()).uint(min_level);
  return encode_frame(FrameType::request, std::move(body).take());
}

Result<RequestFrame> RequestFrame::decode(ByteView body) {
  cbor::Reader in(body, Reason::malformed_frame);
  RATLS_CHECK(in.array_of(2));
  RATLS_TRY(const FrameContext context, read_context(in));
  RATLS_TRY(const std::uint64_t min_level, in.uint());
  RATLS_CHECK(in.finish());
  return RequestFrame{context, min_level};
}

Result<Bytes> EvidenceFrame::encode() const {
  cbor::Writer head;
  head.array(2).bytes(context.view());
  Bytes body = std::move(head).take();
  append(body, evidence);
  if (body.size() > max_body(FrameType::evidence)) {
    return Error(Reason::malformed_evidence, "evidence of " + std::to_string(evidence.size()) +
                                                 " bytes does not fit an EVIDENCE frame");
  }
  return encode_frame(FrameType::evidence, body);
}

// What follows the ctx is the evidence's own CBOR, whose strictness is the verifier's.
Result<EvidenceFrame> EvidenceFrame::decode(ByteView body) {
  cbor::Reader in(body, Reason::malformed_frame);
  RATLS_CHECK(in.array_of(2));
  RATLS_TRY(const FrameContext context, read_context(in));
  const ByteView evidence = in.rest();
  if (evidence.empty()) return Error(Reason::malformed_frame, "an EVIDENCE without evidence");
  return EvidenceFrame{context, {evidence.begin(), evidence.end()}};
}

Bytes VerdictFrame::encode() const {
  cbor::Writer body;
  body.array(3).uint(static_cast<std::uint64_t>(code));
  body.text(printable(reason, kMaxReason)).text(printable(hint, kMaxHint));
  return encode_frame(FrameType::verdict, std::move(body).take());
}

Result<VerdictFrame> VerdictFrame::decode(ByteView body) {
  cbor::Reader in(body, Reason::malformed_frame);
  RATLS_CHECK(in.array_of(3));
  RATLS_TRY(const std::uint64_t code, in.uint());
  RATLS_TRY(const std::string_view reason, in.text());
  RATLS_TRY(const std::string_view hint, in.text());
  RATLS_CHECK(in.finish());
  // "others refuse": a code from a later version is a refusal, never an acceptance.
  const auto known = static_cast<std::uint8_t>(code <= 3 ? code : 2);
  return VerdictFrame{static_cast<Code>(known), std::string(reason), std::string(hint)};
}

std::optional<Error> VerdictFrame::as_error() const {
  if (code == Code::accepted) return std::nullopt;
  std::string detail = "the peer says " + printable(reason, kMaxReason);
  if (!hint.empty()) detail += " (" + printable(hint, kMaxHint) + ")";
  const bool retry = code == Code::cannot_judge;
  return Error(retry ? Reason::cannot_judge_now : Reason::peer_refused, std::move(detail));
}

}  // namespace ratls::detail
