#include <catch2/catch_test_macros.hpp>

#include <ratls/core/cbor.h>
#include <ratls/core/reader.h>
#include <ratls/detail/frames.h>

using namespace ratls;
using ratls::detail::FrameReader;
using ratls::detail::FrameType;
using ratls::detail::VerdictFrame;

namespace {

Bytes frame_of(std::uint8_t type, const Bytes& body) {
  Writer out;
  out.u8(type).u24be(static_cast<std::uint32_t>(body.size())).bytes(body);
  return std::move(out).take();
}

Bytes body_of(std::uint64_t code, std::string_view reason, std::string_view hint) {
  cbor::Writer out;
  out.array(3).uint(code).text(reason).text(hint);
  return std::move(out).take();
}

Result<VerdictFrame> try_read(const Bytes& stream) {
  FrameReader reader(FrameType::verdict);
  RATLS_TRY(const std::size_t used, reader.feed(stream));
  const auto frame = reader.take();
  REQUIRE(frame);
  CHECK(used == stream.size());
  return VerdictFrame::decode(frame->body);
}

VerdictFrame read(const Bytes& stream) {
  return try_read(stream).value();
}

}  // namespace

TEST_CASE("an acceptance is nine bytes and reads back as one") {
  const Bytes frame = VerdictFrame{}.encode();
  CHECK(to_hex(frame) == "0300000483006060");
  CHECK_FALSE(read(frame).as_error());
}

TEST_CASE("a verdict that arrives byte by byte is read, and what follows is left alone") {
  Bytes stream = VerdictFrame{VerdictFrame::Code::policy, "debug_allowed", "Relaunch it."}.encode();
  const std::size_t size = stream.size();
  append(stream, as_bytes("application"));
  FrameReader reader(FrameType::verdict);
  std::size_t used = 0;
  for (std::size_t i = 0; i < size; ++i) {
    used += reader.feed(ByteView(stream).subspan(i, 1)).value();
  }
  CHECK(used == size);
  CHECK(reader.feed(ByteView(stream).subspan(size)).value() == 0);
  const auto frame = reader.take();
  REQUIRE(frame);
  CHECK(VerdictFrame::decode(frame->body).value().reason == "debug_allowed");

  FrameReader at_once(FrameType::verdict);
  CHECK(at_once.feed(stream).value() == size);
}

TEST_CASE("a refusal says the peer's reason and hint, and never unprintable bytes of it") {
  const VerdictFrame frame{VerdictFrame::Code::policy, "tcb_below_floor", "old\x1b[31m\nfirmware"};
  const auto error = frame.as_error();
  REQUIRE(error);
  CHECK(error->reason() == Reason::peer_refused);
  CHECK(error->detail().find("tcb_below_floor") != std::string::npos);
  CHECK(error->detail().find('\x1b') == std::string::npos);
  CHECK(error->detail().find('\n') == std::string::npos);
}

TEST_CASE("code 3 asks to retry, and an unknown code refuses") {
  const auto retry = read(frame_of(3, body_of(3, "busy", "")));
  CHECK(retry.as_error()->reason() == Reason::cannot_judge_now);
  const auto unknown = read(frame_of(3, body_of(1000, "", "")));
  CHECK(unknown.as_error()->reason() == Reason::peer_refused);
}

TEST_CASE("the longest reason and hint stay under a kilobyte") {
  const VerdictFrame frame{VerdictFrame::Code::policy, std::string(5000, 'r'),
                           std::string(5000, 'h')};
  const Bytes bytes = frame.encode();
  CHECK(bytes.size() <= 1028);
  CHECK(read(bytes).reason == std::string(64, 'r'));
}

TEST_CASE("what is not a VERDICT is refused") {
  const Bytes good = body_of(0, "", "");
  Bytes trailing = good;
  trailing.push_back(0);
  const std::vector<Bytes> bad{
      frame_of(0, good),      // DATA first
      frame_of(2, good),      // EVIDENCE
      frame_of(255, good),    // a type that does not exist
      frame_of(3, trailing),  // a byte too many
      frame_of(3, {}),        // nothing
      frame_of(3, body_of(0, std::string(990, 'x'), "abcdefghijklmnopqrstuvwxyzabcdefghij")),
      frame_of(3, {0x83, 0x00, 0x60}),              // two of three
      frame_of(3, {0x83, 0x18, 0x00, 0x60, 0x60}),  // 0 written too long
      frame_of(3, {0x9f, 0x00, 0x60, 0x60, 0xff}),  // indefinite length
      {3, 0xff, 0xff, 0xff},                        // 16 MiB: refused unread
  };
  for (const Bytes& bytes : bad) {
    CAPTURE(to_hex(ByteView(bytes).first(std::min<std::size_t>(bytes.size(), 16))));
    const auto refused = try_read(bytes);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason() == Reason::malformed_frame);
  }
}
