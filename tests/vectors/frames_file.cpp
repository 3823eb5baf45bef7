#include <nlohmann/json.hpp>

#include <ratls/core/cbor.h>
#include <ratls/detail/frames.h>

#include "vectors.h"

namespace ratls::vectors {
namespace {

using Json = nlohmann::ordered_json;
using detail::VerdictFrame;

Bytes frame(std::uint8_t type, ByteView body) {
  return detail::encode_frame(static_cast<detail::FrameType>(type), body);
}

Json good(std::string_view name, int type, ByteView bytes) {
  return {{"name", name}, {"type", type}, {"bytes", to_hex(bytes)}};
}

Json verdict(std::string_view name, VerdictFrame::Code verdict_code, std::string reason,
             std::string hint) {
  const VerdictFrame made{verdict_code, std::move(reason), std::move(hint)};
  Json out = good(name, 3, made.encode());
  out["code"] = static_cast<int>(made.code);
  out["reason"] = made.reason;
  out["hint"] = made.hint;
  return out;
}

Bytes verdict_body(std::uint64_t verdict_code, std::string_view reason, std::string_view hint) {
  cbor::Writer out;
  out.array(3).uint(verdict_code).text(reason).text(hint);
  return std::move(out).take();
}

Json good_frames(const Recording& recorded) {
  const Case& about = case_of("post-handshake server");
  const Secrets secrets = secrets_of(about, 0);
  const auto context = detail::FrameContext::from(secrets.context).value();
  const detail::EvidenceFrame evidence{context, envelope_of(about, recorded).encode().value()};
  Json out = Json::array();
  out.push_back(verdict("accepted", VerdictFrame::Code::accepted, "", ""));
  out.push_back(verdict("not authentic", VerdictFrame::Code::not_authentic, "not_authentic", ""));
  out.push_back(verdict("refused by policy", VerdictFrame::Code::policy, "measurement_not_allowed",
                        "This image's launch measurement is not on the policy's list"));
  out.push_back(
      verdict("cannot judge now", VerdictFrame::Code::cannot_judge, "cannot_judge_now", "retry"));
  // A later version's code: a refusal.
  Json later = good("a code from a later version", 3, frame(3, verdict_body(9, "later", "")));
  later["code"] = 9;
  later["reason"] = "later";
  later["hint"] = "";
  out.push_back(later);
  Json request = good("request", 1, detail::RequestFrame{context, 3}.encode());
  request["ctx"] = to_hex(secrets.context);
  request["minimum"] = 3;
  out.push_back(request);
  Json shown = good("evidence", 2, evidence.encode().value());
  shown["ctx"] = to_hex(secrets.context);
  shown["evidence_of"] = about.name;
  out.push_back(shown);
  Json data = good("data", 0, frame(0, as_bytes("hello")));
  data["content"] = to_hex(as_bytes("hello"));
  out.push_back(data);
  return out;
}

Json bad(std::string_view name, ByteView bytes) {
  return {{"name", name}, {"bytes", to_hex(bytes)}, {"reason", "malformed_frame"}};
}

// As the first frame of a plain stream, where only a VERDICT may stand.
Json bad_frames() {
  Json out = Json::array();
  const Bytes good_body = verdict_body(0, "", "");
  out.push_back(bad("a frame of a type that does not exist", frame(4, good_body)));
  out.push_back(bad("application bytes instead of a VERDICT", as_bytes("HTTP/1.1 200 OK\r\n\r\n")));
  out.push_back(bad("an empty VERDICT", frame(3, {})));
  out.push_back(bad("the header of a VERDICT over 1 KB", Bytes{3, 0, 4, 1}));
  out.push_back(bad("another frame than a VERDICT", frame(0, as_bytes("hello"))));
  Bytes trailing = good_body;
  trailing.push_back(0);
  out.push_back(bad("a byte behind the body's array", frame(3, trailing)));
  out.push_back(bad("a code that is written longer than needed",
                    frame(3, Bytes{0x83, 0x18, 0x00, 0x60, 0x60})));
  out.push_back(bad("two items instead of three", frame(3, Bytes{0x82, 0x00, 0x60})));
  out.push_back(bad("a reason that is a byte string", frame(3, Bytes{0x83, 0x00, 0x40, 0x60})));
  out.push_back(
      bad("an array of indefinite length", frame(3, Bytes{0x9f, 0x00, 0x60, 0x60, 0xff})));
  out.push_back(bad("a negative code", frame(3, Bytes{0x83, 0x20, 0x60, 0x60})));
  return out;
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) append(out, part);
  return out;
}

// On a framed endpoint that has every reason to wait for a REQUEST and an EVIDENCE.
Json bad_framed_frames() {
  const Bytes ctx(32, 0x2e);
  const Bytes head{0x82, 0x58, 0x20};
  const Bytes level3{0x03};
  Json out = Json::array();
  const auto request = [&](std::string_view name, std::initializer_list<ByteView> body) {
    out.push_back(bad(name, frame(1, joined(body))));
  };
  const auto evidence = [&](std::string_view name, std::initializer_list<ByteView> body) {
    out.push_back(bad(name, frame(2, joined(body))));
  };
  request("an empty REQUEST", {});
  request("a REQUEST whose ctx has 31 bytes",
          {Bytes{0x82, 0x58, 0x1f}, ByteView(ctx).first(31), level3});
  request("a REQUEST whose ctx has 33 bytes",
          {Bytes{0x82, 0x58, 0x21}, ctx, ByteView(ctx).first(1), level3});
  request("a REQUEST whose ctx is a text", {Bytes{0x82, 0x78, 0x20}, ctx, level3});
  request("a REQUEST without a level", {Bytes{0x81, 0x58, 0x20}, ctx});
  request("a REQUEST with a negative level", {head, ctx, Bytes{0x22}});
  request("a REQUEST whose level is longer than needed", {head, ctx, Bytes{0x18, 0x03}});
  request("a REQUEST with a byte behind it", {head, ctx, level3, Bytes{0x00}});
  request("a REQUEST whose ctx length is longer than needed",
          {Bytes{0x82, 0x59, 0x00, 0x20}, ctx, level3});
  out.push_back(bad("the header of a REQUEST over 64 bytes", Bytes{1, 0, 0, 65}));
  evidence("an empty EVIDENCE", {});
  evidence("an EVIDENCE whose ctx has 16 bytes",
           {Bytes{0x82, 0x50}, ByteView(ctx).first(16), Bytes{0xa0}});
  evidence("an EVIDENCE without evidence", {head, ctx});
  evidence("an EVIDENCE in an array of three", {Bytes{0x83, 0x58, 0x20}, ctx, Bytes{0xa0}});
  evidence("an EVIDENCE in an array of indefinite length",
           {Bytes{0x9f, 0x58, 0x20}, ctx, Bytes{0xa0, 0xff}});
  out.push_back(bad("the header of an EVIDENCE over 8192 bytes", Bytes{2, 0, 0x20, 1}));
  out.push_back(bad("the header of a DATA over 16384 bytes", Bytes{0, 0, 0x40, 1}));
  return out;
}

}  // namespace

std::string frames_file(const Recording& recorded) {
  Json out;
  out["about"] =
      "SIMULATED. Frames of docs/protocol.md, section 8; bytes are hex. A bad one comes "
      "where a client waits for its VERDICT, a bad framed one to a framed endpoint";
  out["good"] = good_frames(recorded);
  out["bad"] = bad_frames();
  out["bad_framed"] = bad_framed_frames();
  return out.dump(1) + "\n";
}

}  // namespace ratls::vectors
