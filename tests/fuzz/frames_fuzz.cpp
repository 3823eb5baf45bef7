// Frames: read alike in pieces of any size, never longer than allowed, and every body that is
// understood is written again as it came.
#include <optional>
#include <vector>

#include <ratls/detail/frames.h>

#include "fuzz.h"

using namespace ratls;
using detail::Frame;
using detail::FrameType;
using fuzz::must;

namespace {

struct Read {
  std::vector<Frame> frames;
  std::optional<Reason> refused;
};

Read read(ByteView bytes, std::size_t piece) {
  detail::FrameReader reader;
  Read out;
  while (!bytes.empty()) {
    const auto used = reader.feed(bytes.first(std::min(piece, bytes.size())));
    if (!used) {
      out.refused = used.error().reason();
      must(out.refused == Reason::malformed_frame || out.refused == Reason::framing_mismatch);
      must(!reader.inside() && !reader.take());
      return out;
    }
    must(*used > 0);
    bytes = bytes.subspan(*used);
    auto frame = reader.take();
    if (frame) out.frames.push_back(std::move(*frame));
  }
  return out;
}

void check_bodies(const Frame& frame) {
  must(frame.body.size() <= detail::max_body(frame.type));
  const Bytes whole = detail::encode_frame(frame.type, frame.body);
  if (frame.type == FrameType::request) {
    const auto request = detail::RequestFrame::decode(frame.body);
    if (request) must(request->encode() == whole);
  }
  if (frame.type == FrameType::evidence) {
    const auto evidence = detail::EvidenceFrame::decode(frame.body);
    if (evidence) must(evidence->encode().value() == whole);
  }
  if (frame.type != FrameType::verdict) return;
  const auto verdict = detail::VerdictFrame::decode(frame.body);
  if (!verdict) return;
  // An acceptance is one code only; whatever is shown of the rest is printable.
  const auto error = verdict->as_error();
  must(error.has_value() == (verdict->code != detail::VerdictFrame::Code::accepted));
  if (!error) return;
  for (const char c : error->detail()) must(c >= 0x20 && c < 0x7F);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const Read whole = read(bytes, size + 1);
  for (const std::size_t piece : {1U, 7U}) {
    const Read pieces = read(bytes, piece);
    must(pieces.refused == whole.refused && pieces.frames.size() == whole.frames.size());
    for (std::size_t i = 0; i < whole.frames.size(); ++i) {
      must(pieces.frames[i].type == whole.frames[i].type);
      must(pieces.frames[i].body == whole.frames[i].body);
    }
  }
  for (const Frame& frame : whole.frames) check_bodies(frame);
  return 0;
}
