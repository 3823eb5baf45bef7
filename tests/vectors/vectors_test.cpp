#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/certgen/sim/report.h>
#include <ratls/core/hcl_report.h>
#include <ratls/core/x509.h>
#include <ratls/detail/frames.h>

#include "judged.h"
#include "tests/support/files.h"
#include "vectors.h"

using namespace ratls;
using namespace ratls::vectors;

namespace {

std::string file(const std::string& name) {
  const auto content = test::read_file(RATLS_SOURCE_DIR "/" + name);
  REQUIRE(content);
  return to_string(*content);
}

const Recording& recorded() {
  static const Recording once = Recording::from_json(file("tests/vectors/recorded.json")).value();
  return once;
}

/// The report of a case, and what it must be about.
struct Signed {
  Bytes report;
  ReportData data;
};

Signed signed_of(const Case& about) {
  if (!about.azure) {
    return {recorded().reports.at(about.name), report_data_of(about, recorded())};
  }
  const auto sent = AzureEvidence::decode(recorded().azure.at(about.name)).value();
  const auto quote = parse_tpm_quote(sent.quote).value();
  CHECK(equal_ct(quote.extra_data, qualifying_data_for(report_data_of(about, recorded())).view()));
  const auto hcl = parse_hcl_report(sent.hcl_report).value();
  return {hcl.report, sim::paravisor_report_data(hcl.runtime_data)};
}

}  // namespace

TEST_CASE("the test vectors of the protocol are the bytes that this code makes") {
  for (const auto& [name, content] : all_files(recorded())) {
    INFO(name << " is not what this code makes; where the change is meant, run draw_vectors");
    CHECK(content == file("docs/vectors/" + name));
  }
}

TEST_CASE("the recorded reports and certificates hold what their cases say") {
  for (const Case& about : cases()) {
    INFO(about.name);
    auto options = sim::report_of(sim::Product::milan, *sim::ChipId::from(recorded().chip_id));
    if (about.vlek) options.signed_by = sim::SignedBy::vlek;
    const Signed shown = signed_of(about);
    const Bytes wanted = sim::encode_report(options, shown.data);
    const Bytes& report = shown.report;
    CHECK(Bytes(report.begin(), report.begin() + sim::kSignedSize) == wanted);
    if (!about.has_leaf()) continue;
    const auto leaf =
        Certificate::parse(recorded().leaves.at(about.name), Reason::malformed_certificate).value();
    CHECK(check_self_signature(leaf, Reason::malformed_certificate));
    CHECK(leaf.extensions().back().value ==
          envelope_of(about, recorded()).encode_extension().value());
  }
}

TEST_CASE("the verifier accepts every good vector") {
  for (const Judged& shown : good_ones(recorded())) {
    INFO(shown.name);
    CHECK(judge(shown, recorded()) == "accepted");
  }
}

TEST_CASE("the verifier refuses every bad vector for the reason that the vector names") {
  const auto all = bad_ones(recorded());
  CHECK(all.size() >= 100);
  for (const Judged& shown : all) {
    INFO(shown.name);
    CHECK(judge(shown, recorded()) == code(*shown.want));
  }
}

namespace {

using detail::Frame;
using detail::FrameReader;
using detail::FrameType;

Bytes bytes_of(const nlohmann::json& each) {
  return from_hex(each.at("bytes").get<std::string>()).value();
}

std::string read_verdict(ByteView bytes) {
  FrameReader reader(FrameType::verdict);
  const auto fed = reader.feed(bytes);
  if (!fed) return std::string(code(fed.error().reason()));
  const auto frame = reader.take();
  if (!frame) return "incomplete";
  const auto read = detail::VerdictFrame::decode(frame->body);
  return read ? "read" : std::string(code(read.error().reason()));
}

// What a framed endpoint says of one frame: "accepted", or the reason.
std::string read_framed(ByteView bytes) {
  FrameReader reader;
  if (const auto fed = reader.feed(bytes); !fed) return std::string(code(fed.error().reason()));
  const auto frame = reader.take();
  if (!frame) return "unfinished";
  const auto said = [](const auto& read) {
    return std::string(read ? "accepted" : code(read.error().reason()));
  };
  if (frame->type == FrameType::request) return said(detail::RequestFrame::decode(frame->body));
  if (frame->type == FrameType::evidence) return said(detail::EvidenceFrame::decode(frame->body));
  return "accepted";
}

}  // namespace

TEST_CASE("frames of the vectors are read as what they are") {
  const auto json = nlohmann::json::parse(file("docs/vectors/frames.json"));
  for (const auto& each : json.at("good")) {
    INFO(each.at("name"));
    FrameReader reader;
    REQUIRE(reader.feed(bytes_of(each)));
    const auto frame = reader.take();
    REQUIRE(frame);
    CHECK(static_cast<int>(frame->type) == each.at("type").get<int>());
    if (frame->type != FrameType::verdict) continue;
    const auto read = detail::VerdictFrame::decode(frame->body);
    REQUIRE(read);
    CHECK(read->reason == each.at("reason").get<std::string>());
    CHECK((read->code == detail::VerdictFrame::Code::accepted) == (each.at("code") == 0));
  }
}

TEST_CASE(
    "bad frames of the vectors are refused where a VERDICT is due, for the reason they name") {
  const auto json = nlohmann::json::parse(file("docs/vectors/frames.json"));
  for (const auto& each : json.at("bad")) {
    INFO(each.at("name"));
    CHECK(read_verdict(bytes_of(each)) == each.at("reason").get<std::string>());
  }
}

TEST_CASE("bad frames of the vectors are refused by a framed endpoint, for the reason they name") {
  const auto json = nlohmann::json::parse(file("docs/vectors/frames.json"));
  REQUIRE(json.at("bad_framed").size() > 15);
  for (const auto& each : json.at("bad_framed")) {
    INFO(each.at("name"));
    CHECK(read_framed(bytes_of(each)) == each.at("reason").get<std::string>());
  }
}
