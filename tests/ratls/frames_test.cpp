// Frames as bytes: what is read, in which pieces, and what is refused unread.
#include <catch2/catch_test_macros.hpp>

#include <ratls/core/cbor.h>
#include <ratls/detail/frames.h>

using namespace ratls;
using detail::encode_frame;
using detail::EvidenceFrame;
using detail::Frame;
using detail::FrameContext;
using detail::FrameReader;
using detail::FrameType;
using detail::RequestFrame;

namespace {

FrameContext context_of(std::uint8_t value) {
  return *FrameContext::from(Bytes(32, value));
}

// Every frame of `stream`, fed `piece` bytes at a time.
Result<std::vector<Frame>> frames_of(ByteView stream, std::size_t piece) {
  FrameReader reader;
  std::vector<Frame> out;
  while (!stream.empty()) {
    RATLS_TRY(const std::size_t used, reader.feed(stream.first(std::min(piece, stream.size()))));
    stream = stream.subspan(used);
    if (auto frame = reader.take()) out.push_back(std::move(*frame));
  }
  CHECK_FALSE(reader.inside());
  return out;
}

Reason refusal(ByteView stream) {
  FrameReader reader;
  while (true) {
    const auto used = reader.feed(stream);
    if (!used) {
      CHECK(reader.feed(stream).value() == 0);
      CHECK_FALSE(reader.take());
      return used.error().reason();
    }
    if (*used == 0) break;
    stream = stream.subspan(*used);
    static_cast<void>(reader.take());
  }
  FAIL("nothing was refused");
  return Reason::internal;
}

}  // namespace

TEST_CASE("frames are read alike in pieces of any size") {
  Bytes stream = RequestFrame{context_of(7), 3}.encode();
  append(stream, encode_frame(FrameType::data, as_bytes("application")));
  append(stream, encode_frame(FrameType::data, {}));
  append(stream, EvidenceFrame{context_of(7), {0xA0}}.encode().value());
  append(stream, encode_frame(FrameType::data, Bytes(16384, 0x61)));
  for (const std::size_t piece : {1U, 3U, 5U, 100U, 100000U}) {
    CAPTURE(piece);
    const auto frames = frames_of(stream, piece).value();
    REQUIRE(frames.size() == 5);
    CHECK(RequestFrame::decode(frames[0].body).value().context == context_of(7));
    CHECK(to_string(frames[1].body) == "application");
    CHECK(frames[2].body.empty());
    CHECK(EvidenceFrame::decode(frames[3].body).value().evidence == Bytes{0xA0});
    CHECK(frames[4].body.size() == 16384);
  }
}

TEST_CASE("a REQUEST is 40 bytes, as the protocol writes it") {
  const Bytes bytes = RequestFrame{context_of(0xAB), 3}.encode();
  CHECK(to_hex(bytes) == "01000024825820" + to_hex(Bytes(32, 0xAB)) + "03");
  CHECK(RequestFrame::decode(ByteView(bytes).subspan(4)).value().min_level == 3);
}

TEST_CASE("a frame longer than its type allows is refused before its body arrives") {
  for (const auto& [type, longest] :
       {std::pair<std::uint8_t, std::uint32_t>{0, 16384}, {1, 64}, {2, 8192}, {3, 1024}}) {
    CAPTURE(type);
    const std::uint32_t over = longest + 1;
    CHECK(refusal(Bytes{type, static_cast<std::uint8_t>(over >> 16U),
                        static_cast<std::uint8_t>(over >> 8U), static_cast<std::uint8_t>(over)}) ==
          Reason::malformed_frame);
    CHECK(refusal(Bytes{type, 0xFF, 0xFF, 0xFF}) == Reason::malformed_frame);
    CHECK(frames_of(encode_frame(FrameType{type}, Bytes(longest, 0)), 4096).value().size() == 1);
  }
}

TEST_CASE("a stream that begins with no frame is a plain one; later it is a malformed frame") {
  CHECK(refusal(as_bytes("GET / HTTP/1.1\r\n")) == Reason::framing_mismatch);
  CHECK(refusal(Bytes{4, 0, 0, 1}) == Reason::framing_mismatch);
  Bytes later = encode_frame(FrameType::data, as_bytes("a"));
  append(later, as_bytes("GET /"));
  CHECK(refusal(later) == Reason::malformed_frame);
}

TEST_CASE("frames other than DATA are never empty") {
  for (const std::uint8_t type : Bytes{1, 2, 3}) {
    CHECK(refusal(Bytes{type, 0, 0, 0}) == Reason::malformed_frame);
  }
}

TEST_CASE("evidence that fits no EVIDENCE frame is refused by the side that made it") {
  const EvidenceFrame most{context_of(1), Bytes(8192 - 35, 0)};
  CHECK(most.encode().value().size() == 4 + 8192);
  const EvidenceFrame more{context_of(1), Bytes(8192 - 34, 0)};
  REQUIRE_FALSE(more.encode());
  CHECK(more.encode().error().reason() == Reason::malformed_evidence);
}

TEST_CASE("bodies of a wrong shape are refused") {
  const auto body = [](ByteView context, std::uint64_t level, std::uint64_t items) {
    cbor::Writer out;
    out.array(items).bytes(context).uint(level);
    return std::move(out).take();
  };
  const Bytes ctx(32, 9);
  Bytes trailing = body(ctx, 3, 2);
  trailing.push_back(0);
  for (const Bytes& bad : {body(Bytes(31, 9), 3, 2), body(Bytes(33, 9), 3, 2), body(ctx, 3, 3),
                           body(ctx, 3, 1), trailing, Bytes{}, Bytes{0x9F, 0xFF}}) {
    CAPTURE(to_hex(bad));
    const auto refused = RequestFrame::decode(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason() == Reason::malformed_frame);
  }
  CHECK(RequestFrame::decode(body(ctx, 3, 2)));
  cbor::Writer empty;
  empty.array(2).bytes(ctx);
  CHECK_FALSE(EvidenceFrame::decode(std::move(empty).take()));
}
