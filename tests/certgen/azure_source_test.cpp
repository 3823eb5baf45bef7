// The vTPM of an Azure VM, in a stand-in that does what a test says.
#include <ratls/certgen/azure_source.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/certgen/detail/azure_leaf.h>
#include <ratls/certgen/detail/vtpm.h>
#include <ratls/certgen/evidence_queue.h>
#include <ratls/certgen/open_source.h>
#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/core/evidence.h>
#include <ratls/core/hcl_report.h>

using namespace ratls;
using namespace std::chrono_literals;

namespace {

Bytes hcl_with(const std::string& user_data) {
  const std::string runtime = "{\"user-data\":\"" + user_data + "\"}";
  Bytes out = sim::encode_hcl_report(Bytes(kSnpReportSize, 0x11), as_bytes(runtime));
  out.resize(2600);
  return out;
}

/// What the door shows, and what was asked of it.
struct Tpm {
  bool takes_requests = true;
  int answers_after = 0;  ///< reads of the report until it names the request; -1: never
  bool upper_case = false;
  bool unreadable = false;
  bool unwritable = false;
  int pcrs_move = 0;  ///< how many quotes are overtaken by an extended PCR
  Bytes index = hcl_with("old");
  int requests = 0;
  int quotes = 0;
  std::string user_data;
  Bytes qualifying_data;
};

sim::Vtpm& vtpm() {
  static const auto shared = sim::Vtpm::make().value();
  return *shared;
}

class Door final : public detail::VtpmDoor {
 public:
  explicit Door(Tpm& tpm) : tpm_(tpm) {}

  Result<bool> has(std::uint32_t handle) override {
    return handle != 0x01400002 || tpm_.takes_requests;
  }
  Result<Bytes> read_index(std::uint32_t index) override {
    CHECK(index == 0x01400001);
    if (tpm_.unreadable) return Error(Reason::io_error, "the TPM is busy");
    if (tpm_.requests > 0 && tpm_.answers_after-- == 0) tpm_.index = hcl_with(tpm_.user_data);
    return tpm_.index;
  }
  Result<void> write_index(std::uint32_t index, ByteView value) override {
    CHECK(index == 0x01400002);
    CHECK(value.size() == 64);
    if (tpm_.unwritable) return Error(Reason::io_error, "the TPM, writing NV index 0x01400002");
    ++tpm_.requests;
    tpm_.user_data = to_hex(value);
    if (tpm_.upper_case) {
      for (char& c : tpm_.user_data) c = static_cast<char>(std::toupper(c));
    }
    return {};
  }
  Result<Quote> quote(std::uint32_t key, ByteView qualifying_data) override {
    CHECK(key == 0x81000003);
    ++tpm_.quotes;
    tpm_.qualifying_data = Bytes(qualifying_data.begin(), qualifying_data.end());
    Quote out;
    out.attest = vtpm().attest(qualifying_data);
    out.signature = Bytes(256, 0x22);
    return out;
  }
  Result<Bytes> read_pcrs() override {
    Bytes out = vtpm().pcr_values();
    if (tpm_.pcrs_move-- > 0) out.front() ^= 1;
    return out;
  }

 private:
  Tpm& tpm_;
};

std::unique_ptr<detail::AzureLeaf> no_leaf() {
  return std::make_unique<detail::AzureLeaf>(
      [] { return Error(Reason::connection_failed, "no service here"); }, Say());
}

/// Nothing is asked or read again, and the first answer is waited for only so long.
constexpr AzureSource::Patience kOnce{200ms, 0ms, 1h, 1h};
/// Everything is asked and read again each time; an answer may take as long as it likes.
constexpr AzureSource::Patience kAlways{1h, 0ms, 0ms, 0ms};

AzureSource source_of(Tpm& tpm, const AzureSource::Patience& patience = kOnce, Say say = {}) {
  return AzureSource(std::make_unique<Door>(tpm), no_leaf(), patience, std::move(say));
}

std::string shown(const AttestationReport& report) {
  return to_string(parse_hcl_report(report.azure->hcl_report).value().runtime_data);
}

}  // namespace

TEST_CASE("a report of Azure's vTPM is asked for once, a quote each time") {
  Tpm tpm;
  tpm.answers_after = 3;
  tpm.upper_case = GENERATE(false, true);
  AzureSource source = source_of(tpm, {1h, 0ms, 1h, 1h});
  const ReportData data(std::array<std::uint8_t, 64>{7});
  const auto first = source.get(data);
  REQUIRE(first);
  CHECK(first->report == Bytes(kSnpReportSize, 0x11));
  CHECK_FALSE(first->endorsement);
  CHECK(shown(*first).find(tpm.user_data) != std::string::npos);
  CHECK(first->azure->hcl_report.size() < 2600);
  CHECK(equal_ct(tpm.qualifying_data, qualifying_data_for(data).view()));
  REQUIRE(source.get(ReportData()));
  CHECK(tpm.requests == 1);
  CHECK(tpm.quotes == 2);
  CHECK_FALSE(source.pace());
}

TEST_CASE("a paravisor that takes no request, or does not answer it, leaves the report it made") {
  Tpm tpm;
  tpm.takes_requests = GENERATE(false, true);
  tpm.answers_after = -1;
  AzureSource source = source_of(tpm);
  const auto report = source.get(ReportData());
  REQUIRE(report);
  CHECK(shown(*report).find("old") != std::string::npos);
}

TEST_CASE(
    "a later report of the paravisor is asked for without waiting, and taken when it is there") {
  Tpm tpm;
  tpm.answers_after = 0;
  AzureSource source = source_of(tpm, kAlways);
  const std::string first = shown(source.get(ReportData()).value());
  tpm.answers_after = 2;  // two looks see the old one
  CHECK(shown(source.get(ReportData()).value()) == first);
  CHECK(tpm.requests == 2);
  CHECK(shown(source.get(ReportData()).value()) == first);
  CHECK(tpm.requests == 2);
  const std::string second = shown(source.get(ReportData()).value());
  CHECK(second != first);
  CHECK(second.find(tpm.user_data) != std::string::npos);
  CHECK(source.get(ReportData()));
  CHECK(tpm.requests == 3);
}

TEST_CASE("a report that somebody else asked for is taken as well") {
  Tpm tpm;
  tpm.takes_requests = false;
  AzureSource source = source_of(tpm, kAlways);
  CHECK(shown(source.get(ReportData()).value()).find("old") != std::string::npos);
  tpm.index = hcl_with("new");
  CHECK(shown(source.get(ReportData()).value()).find("new") != std::string::npos);
  AzureSource patient = source_of(tpm);
  REQUIRE(patient.get(ReportData()));
  tpm.index = hcl_with("newer");
  CHECK(shown(patient.get(ReportData()).value()).find("newer") == std::string::npos);
}

TEST_CASE("a later report that cannot be had leaves the one from before, and says so once") {
  Tpm tpm;
  tpm.answers_after = 0;
  std::vector<std::string> said;
  AzureSource source =
      source_of(tpm, kAlways, [&](const std::string& line) { said.push_back(line); });
  const std::string first = shown(source.get(ReportData()).value());
  const bool malformed = GENERATE(false, true);
  tpm.answers_after = -1;
  tpm.unreadable = !malformed;
  if (malformed) tpm.index = Bytes(2600, 0);
  CHECK(shown(source.get(ReportData()).value()) == first);
  CHECK(shown(source.get(ReportData()).value()) == first);
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("from before stays in use") != std::string::npos);
}

TEST_CASE("a request that cannot be written costs a fresh report, and no evidence") {
  Tpm tpm;
  tpm.unwritable = true;
  std::vector<std::string> said;
  AzureSource source =
      source_of(tpm, kAlways, [&](const std::string& line) { said.push_back(line); });
  const auto report = source.get(ReportData());
  REQUIRE(report);
  CHECK(shown(*report).find("old") != std::string::npos);
  CHECK(source.get(ReportData()));
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("writing NV index 0x01400002") != std::string::npos);
}

TEST_CASE("evidence goes out without a VCEK where the machine's service gives none") {
  Tpm tpm;
  tpm.takes_requests = false;
  AzureSource source = source_of(tpm);
  CHECK_FALSE(source.get(ReportData()).value().endorsement);
}

TEST_CASE("PCRs that change between quote and reading are quoted again, and not for ever") {
  Tpm tpm;
  tpm.pcrs_move = 2;
  AzureSource source = source_of(tpm);
  REQUIRE(source.get(ReportData()));
  CHECK(tpm.quotes == 3);
  tpm.pcrs_move = 1000;
  CHECK(source.get(ReportData()).error().reason() == Reason::pcr_values_mismatch);
  CHECK(tpm.quotes == 6);
}

TEST_CASE("an index that holds no paravisor's report is an error, and asked for again later") {
  Tpm tpm;
  tpm.takes_requests = false;
  tpm.index = Bytes(2600, 0);
  AzureSource source = source_of(tpm);
  CHECK(source.get(ReportData()).error().reason() == Reason::malformed_hcl_report);
  tpm.index = hcl_with("later");
  CHECK(source.get(ReportData()));
}

TEST_CASE("a batch on Azure shares one quote, whose qualifying data the queue looks at") {
  Tpm tpm;
  AzureSource source = source_of(tpm);
  EvidenceQueue queue;
  EvidenceRequest request;
  request.spki_hash = SpkiHash(std::array<std::uint8_t, 48>{1});
  auto first = queue.submit(request);
  request.spki_hash = SpkiHash(std::array<std::uint8_t, 48>{2});
  auto second = queue.submit(request);
  CHECK(queue.run_one(source).sessions == 2);
  CHECK(tpm.quotes == 1);
  for (auto* pending : {&first, &second}) {
    const auto envelope = EvidenceEnvelope::decode(pending->take().value()).value();
    CHECK(envelope.azure);
    CHECK(envelope.path);
  }
}

TEST_CASE("without a TPM the source of Azure's reports says what is missing") {
  const auto none = AzureSource::open("device:/nonexistent/tpm");
  REQUIRE_FALSE(none);
  CHECK(none.error().reason() == Reason::no_report_device);
  CHECK(none.error().detail().find("TPM") != std::string::npos);
  CHECK(open_report_source("azur").error().message().find("azure-vtpm") != std::string::npos);
}
