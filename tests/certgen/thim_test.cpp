// The VCEK from Azure's metadata service: what it may answer, how long it may take, and what is
// done with a leaf that is not this machine's.
#include <ratls/certgen/detail/thim.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/certgen/detail/azure_leaf.h>
#include <ratls/certgen/sim/authority.h>
#include <ratls/certgen/sim/report.h>
#include <ratls/core/base64.h>
#include <ratls/core/json.h>
#include <ratls/core/x509.h>

#include "../support/local_server.h"
#include "../support/sim_folder.h"

using namespace ratls;
using namespace ratls::detail;
using namespace std::chrono_literals;
using ratls::test::http_answer;
using ratls::test::LocalServer;
using ratls::test::send_text;

namespace {

constexpr auto kMilan = sim::Product::milan;

std::string pem_of(ByteView der) {
  const std::string body = to_base64(der);
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < body.size(); at += 64) out += body.substr(at, 64) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

/// As the service writes it.
std::string answer_with(ByteView leaf) {
  return R"({"vcekCert":)" + json::quoted(pem_of(leaf)) +
         R"(,"tcbm":"DB18000000000004","certificateChain":"-----BEGIN","cacheControl":"86400"})";
}

/// A simulated chip, its certificates, and reports of it.
struct Chip {
  Bytes report(const std::string& name, const sim::Tcb& tcb) const {
    auto options = sim::report_of(kMilan, authority.chip_id(kMilan, name));
    options.firmware.reported = tcb;
    Bytes out = sim::encode_report(options, ReportData());
    out.resize(1184);
    return out;
  }
  Bytes leaf(const std::string& name, const sim::Tcb& tcb) {
    const auto chip = authority.chip_id(kMilan, name);
    return authority.vcek({kMilan, chip, tcb, Timestamp{1'767'225'600}}).value().certificate;
  }

  sim::Authority authority = test::open_authority();
  sim::Tcb now = sim::recent_firmware(kMilan).reported;
  sim::Tcb later{0, 4, 0, 28, 223};
};

ThimPlace place_of(const LocalServer& server, std::chrono::milliseconds limit = 20s) {
  return {0x7f000001, server.port(), limit};
}

}  // namespace

TEST_CASE("the metadata service is asked as Azure documents it, and its answer is read") {
  Chip chip;
  const Bytes leaf = chip.leaf("chip-0", chip.now);
  const LocalServer server([&](int fd) { send_text(fd, http_answer(answer_with(leaf))); });
  const auto answer = ask_thim(place_of(server));
  REQUIRE(answer);
  CHECK(read_thim_leaf(*answer).value() == leaf);
  const std::string request = server.requests().at(0);
  CHECK(request.starts_with("GET /metadata/THIM/amd/certification HTTP/1.1\r\n"));
  CHECK(request.find("\r\nMetadata: true\r\n") != std::string::npos);
  CHECK(request.find("\r\nHost: 169.254.169.254\r\n") != std::string::npos);
}

TEST_CASE("an answer in chunks, and one byte at a time, is read as well") {
  const std::string body =
      GENERATE("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "b\r\nhello world\r\n0\r\n\r\n");
  const LocalServer server([&](int fd) {
    for (const char c : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body) {
      send_text(fd, std::string(1, c));
    }
  });
  CHECK(to_string(ask_thim(place_of(server)).value()) == "hello world");
}

TEST_CASE("a metadata service that gives nothing useful is an error, never a hang") {
  struct Fault {
    std::string answer;
    Reason want;
    std::string says;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const auto fault = GENERATE_COPY(
      Fault{"", Reason::connection_failed, "ended in the middle"},
      Fault{head + "Content-Length: 9\r\n\r\nhalf", Reason::connection_failed,
            "ended in the middle"},
      Fault{head + "\r\nno length", Reason::malformed_http, ""},
      Fault{head + "Content-Length: 32769\r\n\r\n", Reason::malformed_http, "32768"},
      Fault{head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", Reason::malformed_http, ""},
      Fault{std::string(9000, 'a'), Reason::malformed_http, ""},
      Fault{http_answer("no", "404 Not Found"), Reason::connection_failed, "404"},
      Fault{http_answer("", "307 Temporary Redirect"), Reason::connection_failed, "307"},
      Fault{http_answer("", "429 Too Many Requests"), Reason::connection_failed, "429"});
  const LocalServer server([&](int fd) { send_text(fd, fault.answer); });
  const auto answer = ask_thim(place_of(server));
  REQUIRE_FALSE(answer);
  INFO(answer.error().message());
  CHECK(answer.error().reason() == fault.want);
  CHECK(answer.error().detail().find(fault.says) != std::string::npos);
}

TEST_CASE("a metadata service that is silent, or sends a byte now and then, is given up in time") {
  const bool drips = GENERATE(false, true);
  std::atomic<bool> over{false};
  const LocalServer server([&](int fd) {
    while (!over) {
      if (drips) send_text(fd, "H");
      std::this_thread::sleep_for(10ms);
    }
  });
  const auto answer = ask_thim(place_of(server, 200ms));
  over = true;
  REQUIRE_FALSE(answer);
  CHECK(answer.error().detail().find("no answer in time") != std::string::npos);
}

TEST_CASE("where nothing listens the metadata service is said to be out of reach") {
  std::uint16_t port = 0;
  {
    const LocalServer gone([](int) {});
    port = gone.port();
  }
  const auto answer = ask_thim({0x7f000001, port, 20s});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().reason() == Reason::connection_failed);
}

TEST_CASE("an answer that is no flat object with one certificate is refused, and says why") {
  Chip chip;
  const std::string pem = json::quoted(pem_of(chip.leaf("chip-0", chip.now)));
  const auto [text, says] = GENERATE_COPY(table<std::string, std::string>({
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {"{}", "no vcekCert"},
      {R"({"vcekCert":1})", "no vcekCert"},
      {R"({"vcekCert":{"a":)" + pem + "}}", "neither a text nor a number"},
      {R"({"vcekCert":)" + pem + "} x", "behind the object"},
      {R"({"vcekCert":)" + pem, "no end"},
      {R"({"vcekCert":)" + pem + R"(,"vcekCert":)" + pem + "}", "twice"},
      {R"({"vcekCert":"\x"})", "unknown escape"},
      {R"({"vcekCert":"\u00"})", "four digits"},
      {R"({"vcekCert":"abc)", "without its end"},
      {R"({"vcekCert" "abc"})", "colon"},
      {"{\"vcekCert\":\"a\nb\"}", "control character"},
      {R"({"vcekCert":"no PEM"})", "not PEM"},
      {R"({"vcekCert":)" + json::quoted(pem_of(Bytes(2049, 0x30))) + "}", "too large"},
      {R"({"vcekCert":)" + json::quoted(pem_of(Bytes(9, 1)) + pem_of(Bytes(9, 1))) + "}",
       "not one certificate"},
      {std::string(kMaxThimAnswer + 1, ' '), "too long"},
  }));
  INFO(text.substr(0, 80));
  const auto leaf = read_thim_leaf(as_bytes(text));
  REQUIRE_FALSE(leaf);
  CHECK(leaf.error().reason() == Reason::malformed_endorsement);
  INFO(leaf.error().detail());
  CHECK(leaf.error().detail().find(says) != std::string::npos);
}

TEST_CASE("every prefix of a good answer is refused, and so is a byte more") {
  Chip chip;
  const std::string good = answer_with(chip.leaf("chip-0", chip.now));
  REQUIRE(read_thim_leaf(as_bytes(good)));
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK_FALSE(read_thim_leaf(as_bytes(good.substr(0, size))));
  }
  CHECK_FALSE(read_thim_leaf(as_bytes(good + "}")));
}

TEST_CASE("escapes of JSON are read in a certificate's text") {
  Chip chip;
  const Bytes leaf = chip.leaf("chip-0", chip.now);
  std::string text = R"({ "a" : "\"\\\/\b\f\t\u00e4", "n" : -1.5e3, "t":true, "vcekCert" : )";
  text += json::quoted(pem_of(leaf)) + "\r\n}";
  const std::size_t at = text.find("\\n");
  REQUIRE(at != std::string::npos);
  text.replace(at, 2, "\\u000a");
  CHECK(read_thim_leaf(as_bytes(text)).value() == leaf);
}

TEST_CASE("the machine's leaf is kept until the report's level changes, and then asked for again") {
  Chip chip;
  int asked = 0;
  const Bytes old_leaf = chip.leaf("chip-0", chip.now);
  const Bytes new_leaf = chip.leaf("chip-0", chip.later);
  const Bytes* served = &old_leaf;
  std::vector<std::string> said;
  AzureLeaf leaf(
      [&]() -> Result<Bytes> {
        ++asked;
        const std::string text = answer_with(*served);
        return Bytes(text.begin(), text.end());
      },
      [&](const std::string& line) { said.push_back(line); }, 0ms);
  const Bytes before = chip.report("chip-0", chip.now);
  CHECK(leaf.of(before) == old_leaf);
  CHECK(leaf.of(before));
  CHECK(asked == 1);
  const Bytes after = chip.report("chip-0", chip.later);
  CHECK_FALSE(leaf.of(after));  // the service is behind
  CHECK_FALSE(leaf.of(after));
  CHECK(asked == 3);
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("for another level than REPORTED_TCB") != std::string::npos);
  CHECK(said[0].find("ratls collateral fetch") != std::string::npos);
  served = &new_leaf;
  CHECK(leaf.of(after) == new_leaf);
  CHECK(said.size() == 2);
}

TEST_CASE("a leaf of another chip, of no chip, or that is no certificate is not stapled") {
  Chip chip;
  const auto kind = GENERATE("another chip", "vlek", "no certificate");
  std::string said;
  AzureLeaf leaf(
      [&]() -> Result<Bytes> {
        Bytes der = chip.leaf("chip-1", chip.now);
        if (kind == std::string("vlek")) {
          der = chip.authority.vlek({kMilan, "CN=simulator.invalid", chip.now, {}})
                    .value()
                    .certificate;
        }
        if (kind == std::string("no certificate")) der = Bytes(100, 0x30);
        const std::string text = answer_with(der);
        return Bytes(text.begin(), text.end());
      },
      [&](const std::string& line) { said = line; });
  CHECK_FALSE(leaf.of(chip.report("chip-0", chip.now)));
  CHECK(said.find("no VCEK of this chip") != std::string::npos);
}

TEST_CASE("a service that fails is left alone for a while") {
  Chip chip;
  int asked = 0;
  AzureLeaf leaf(
      [&]() -> Result<Bytes> {
        ++asked;
        return Error(Reason::connection_failed, "down");
      },
      {}, 1h);
  const Bytes report = chip.report("chip-0", chip.now);
  CHECK_FALSE(leaf.of(report));
  CHECK_FALSE(leaf.of(report));
  CHECK(asked == 1);
}

TEST_CASE("a service that goes on failing is asked less and less often") {
  Chip chip;
  std::vector<std::chrono::steady_clock::time_point> asked;
  AzureLeaf leaf(
      [&]() -> Result<Bytes> {
        asked.push_back(std::chrono::steady_clock::now());
        return Error(Reason::connection_failed, "down");
      },
      {}, 20ms);
  const Bytes report = chip.report("chip-0", chip.now);
  while (asked.size() < 4) {
    REQUIRE_FALSE(leaf.of(report));
    std::this_thread::sleep_for(1ms);
  }
  for (std::size_t i = 1; i < asked.size(); ++i) {
    CHECK(asked[i] - asked[i - 1] >= 20ms * (1 << (i - 1)));
  }
}

TEST_CASE("a report that names no chip gets no leaf") {
  Chip chip;
  AzureLeaf leaf(
      [&]() -> Result<Bytes> {
        const std::string text = answer_with(chip.leaf("chip-0", chip.now));
        return Bytes(text.begin(), text.end());
      },
      {});
  auto options = sim::report_of(kMilan, sim::ChipId());
  Bytes report = sim::encode_report(options, ReportData());
  report.resize(1184);
  CHECK_FALSE(leaf.of(report));
}
