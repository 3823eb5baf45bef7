#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include <ratls/kds/detail/exchange.h>
#include <ratls/kds/detail/pacer.h>
#include <ratls/kds/detail/pem.h>
#include <ratls/kds/detail/single_flight.h>
#include <ratls/kds/detail/url.h>

#include "../support/files.h"

using namespace ratls;
using namespace ratls::kds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

EndorsementQuery query(snp::ProductLine line, std::size_t id_size) {
  EndorsementQuery out;
  out.line = line;
  for (std::size_t i = 0; i < id_size; ++i) {
    out.chip_id.mutable_view()[i] = static_cast<std::uint8_t>(0xa0 + i);
  }
  out.reported_tcb.bootloader = 4;
  out.reported_tcb.snp = 27;
  out.reported_tcb.microcode = 222;
  return out;
}

Reason refusal(const EndorsementQuery& of) {
  const auto target = vcek_target(of);
  REQUIRE_FALSE(target);
  return target.error().reason();
}

Patience patience_of(milliseconds limit, const std::atomic<bool>& stopped) {
  return {after(limit), stopped};
}

}  // namespace

TEST_CASE("a VCEK of Milan is asked for by 64 bytes of chip and four levels") {
  const auto target = vcek_target(query(snp::ProductLine::milan, 64));
  REQUIRE(target);
  CHECK(target->starts_with("/vcek/v1/Milan/a0a1a2"));
  CHECK(target->find("?blSPL=04&teeSPL=00&snpSPL=27&ucodeSPL=222") ==
        std::string("/vcek/v1/Milan/").size() + 128);
}

TEST_CASE("a VCEK of Bergamo or Siena is asked for under Genoa") {
  const auto line = snp::line_of(snp::Product::bergamo_siena);
  CHECK(vcek_target(query(line, 64)).value().starts_with("/vcek/v1/Genoa/"));
}

TEST_CASE("a VCEK of Turin is asked for by 8 bytes of chip and five levels") {
  EndorsementQuery turin = query(snp::ProductLine::turin, 8);
  turin.reported_tcb.fmc = 1;
  CHECK(vcek_target(turin).value() ==
        "/vcek/v1/Turin/a0a1a2a3a4a5a6a7?fmcSPL=01&blSPL=04&teeSPL=00&snpSPL=27&ucodeSPL=222");
}

TEST_CASE("what no VCEK can be asked for with is refused before anything is sent") {
  EndorsementQuery wrong = query(snp::ProductLine::milan, 64);
  wrong.reported_tcb.fmc = 1;
  CHECK(refusal(wrong) == Reason::invalid_config);
  wrong = query(snp::ProductLine::turin, 8);
  CHECK(refusal(wrong) == Reason::invalid_config);
  wrong = query(snp::ProductLine::turin, 9);
  wrong.reported_tcb.fmc = 1;
  CHECK(refusal(wrong) == Reason::chip_id_mismatch);
  CHECK(refusal(query(snp::ProductLine::milan, 0)) == Reason::chip_id_masked);
  wrong = query(snp::ProductLine::milan, 64);
  wrong.kind = snp::SigningKeyKind::vlek;
  CHECK(refusal(wrong) == Reason::missing_endorsement);
  wrong = query(snp::ProductLine::milan, 64);
  wrong.line.reset();
  CHECK(refusal(wrong) == Reason::invalid_config);
}

TEST_CASE("lists and chains lie by line and by the kind of key below them") {
  CHECK(crl_target({snp::ProductLine::genoa, snp::SigningKeyKind::vcek, {}}) ==
        "/vcek/v1/Genoa/crl");
  CHECK(crl_target({snp::ProductLine::turin, snp::SigningKeyKind::vlek, {}}) ==
        "/vlek/v1/Turin/crl");
  CHECK(chain_target(snp::ProductLine::milan, snp::SigningKeyKind::vlek) ==
        "/vlek/v1/Milan/cert_chain");
}

TEST_CASE("a base URL is https, a host, and perhaps a port and a path") {
  const auto plain = BaseUrl::parse("https://kdsintf.amd.com").value();
  CHECK(plain.host == "kdsintf.amd.com");
  CHECK(plain.port == 443);
  CHECK(plain.path.empty());
  CHECK(plain.authority() == "kdsintf.amd.com");
  const auto full = BaseUrl::parse("https://[::1]:8443/mirror/amd/").value();
  CHECK(full.host == "::1");
  CHECK(full.authority() == "[::1]:8443");
  CHECK(full.text() == "https://[::1]:8443/mirror/amd");
}

TEST_CASE("what is no base URL is refused") {
  const std::string text =
      GENERATE("", "kdsintf.amd.com", "http://kdsintf.amd.com", "https://", "https://:443",
               "https://user@host", "https://host:0", "https://host:65536",
               "https://host:", "https://host:44 3", "https://host/a?b", "https://host/a#b",
               "https://host/a b", "https://host\r\nX: y", "https://[::1", "https://[]",
               "https://[::1]x", "HTTPS://host");
  CAPTURE(text);
  const auto url = BaseUrl::parse(text);
  REQUIRE_FALSE(url);
  CHECK(url.error().reason() == Reason::invalid_config);
  CHECK(url.error().detail().find('\n') == std::string::npos);
}

TEST_CASE("a proxy is http, a host and a port") {
  CHECK(parse_proxy("http://proxy:3128").value().text() == "proxy:3128");
  CHECK(parse_proxy("http://[::1]:3128/").value().text() == "[::1]:3128");
  const std::string text = GENERATE("", "proxy:3128", "https://proxy:3128", "http://proxy",
                                    "http://user:word@proxy:1", "http://proxy:1/path");
  CAPTURE(text);
  CHECK_FALSE(parse_proxy(text));
}

TEST_CASE("Retry-After is seconds or a date, and never beyond an hour") {
  const FixedClock clock{parse_rfc3339("1994-11-06T08:49:00Z")};
  CHECK(parse_retry_after("0", clock) == seconds(0));
  CHECK(parse_retry_after("120", clock) == seconds(120));
  CHECK(parse_retry_after("99999999999999999999", clock) == seconds(3600));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", clock) == seconds(37));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:48:00 GMT", clock) == seconds(0));
  CHECK(parse_retry_after("Mon, 06 Nov 2034 08:49:37 GMT", clock) == seconds(3600));
  const FixedClock none{std::nullopt};
  CHECK(parse_retry_after("5", none) == seconds(5));
  CHECK_FALSE(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", none));
}

TEST_CASE("a Retry-After that is neither is as good as none") {
  const FixedClock clock{parse_rfc3339("1994-11-06T08:49:00Z")};
  const std::string text = GENERATE(
      "", "-1", "1.5", "+5", "soon", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
      "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
      "Sun, 06 Nov 19x4 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT");
  CAPTURE(text);
  CHECK_FALSE(parse_retry_after(text, clock));
}

TEST_CASE("requests for VCEKs keep their pace, others do not wait") {
  const std::atomic<bool> stopped{false};
  Pacer pacer(milliseconds(150));
  int waits = 0;
  const auto on_wait = [&](milliseconds, const char*) { ++waits; };
  const auto start = steady_clock::now();
  CHECK(pacer.wait_turn(true, patience_of(seconds(5), stopped), on_wait));
  CHECK(pacer.wait_turn(false, patience_of(seconds(5), stopped), on_wait));
  CHECK(waits == 0);
  CHECK(pacer.wait_turn(true, patience_of(seconds(5), stopped), on_wait));
  CHECK(waits == 1);
  CHECK(steady_clock::now() - start >= milliseconds(150));
}

TEST_CASE("a turn after the deadline is refused at once, and says when it would be") {
  const std::atomic<bool> stopped{false};
  Pacer pacer(milliseconds(0));
  pacer.hold(seconds(120));
  const auto start = steady_clock::now();
  const auto turn = pacer.wait_turn(false, patience_of(seconds(30), stopped), {});
  REQUIRE_FALSE(turn);
  CHECK(turn.error().reason() == Reason::kds_throttled);
  CHECK(turn.error().detail().find("120 s") != std::string::npos);
  CHECK(steady_clock::now() - start < seconds(1));
}

TEST_CASE("a wait for a turn can be called off") {
  std::atomic<bool> stopped{false};
  Pacer pacer(milliseconds(0));
  pacer.hold(seconds(20));
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stopped = true;
    pacer.wake();
  });
  const auto start = steady_clock::now();
  const auto turn = pacer.wait_turn(false, patience_of(seconds(60), stopped), {});
  other.join();
  REQUIRE_FALSE(turn);
  CHECK(turn.error().reason() == Reason::connection_closed);
  CHECK(steady_clock::now() - start < seconds(5));
}

TEST_CASE("work under one key is shared while it runs, and done anew afterwards") {
  SingleFlight<int> flights;
  std::atomic<int> runs{0};
  std::atomic<int> there{0};
  const auto work = [&]() -> Result<int> {
    while (there < 8) std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(milliseconds(100));  // the last ones are on their way
    return ++runs;
  };
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      ++there;
      sum += flights.run("key", work).value();
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(runs == 1);
  CHECK(sum == 8);
  CHECK(flights.run("key", work).value() == 2);
  const auto failed = [&]() -> Result<int> { return Error(Reason::kds_timeout); };
  CHECK_FALSE(flights.run("key", failed));
}

TEST_CASE(
    "work that finds no memory is an error for all who share it, and is done anew afterwards") {
  SingleFlight<int> flights;
  std::atomic<int> runs{0};
  const auto work = [&]() -> Result<int> {
    ++runs;
    std::this_thread::sleep_for(milliseconds(100));
    throw std::bad_alloc();
  };
  std::vector<std::thread> threads;
  std::atomic<int> told{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto got = flights.run("key", work);
      if (!got && got.error().reason() == Reason::out_of_memory) ++told;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(told == 4);
  CHECK(runs >= 1);
  CHECK(flights.run("key", []() -> Result<int> { return 7; }).value() == 7);
}

TEST_CASE("the system's file of CAs can be used") {
  const std::string file = "/etc/ssl/certs/ca-certificates.crt";
  if (!test::read_file(file)) SKIP("there is no " + file);
  const auto roots = load_web_roots(file);
  REQUIRE(roots);
  CHECK(certificate_blocks(to_string(*roots)).size() > 20);
}

TEST_CASE("a file of CAs without a certificate, and one that is not there, are refused") {
  const test::TemporaryFolder folder;
  test::write_file(folder.file("words"), as_bytes("no certificates here\n"));
  for (const auto& name : {folder.file("words"), folder.file("absent"), folder.path()}) {
    const auto roots = load_web_roots(name);
    REQUIRE_FALSE(roots);
    CHECK(roots.error().reason() == Reason::invalid_config);
  }
}
