// What a key service can say: every fault has its own error, in bounded time, and nothing of it is
// ever taken for a certificate or a list.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <thread>

#include "stand_in.h"

using namespace ratls;
using namespace ratls::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

struct Fault {
  const char* name;
  Reason reason;
};

Error error_of(const Result<KdsAnswer>& got) {
  REQUIRE_FALSE(got);
  return got.error();
}

KdsOptions quick(const std::string& fault) {
  KdsOptions options = kds_options(fault);
  options.limit = milliseconds(800);
  return options;
}

}  // namespace

TEST_CASE("the VCEK that was asked for is fetched, whole or in chunks") {
  const std::string fault = GENERATE("ok", "chunked");
  const auto client = kds_client(kds_options(fault));
  const auto answer = client->vcek(kds_query());
  REQUIRE(answer);
  REQUIRE(answer->items.size() == 1);
  CHECK(answer->items[0].kind == CollateralKind::vcek);
  CHECK(answer->items[0].simulated);
  CHECK(answer->items[0].der == read_file(stand_in().file("answers/vcek")));
  CHECK(answer->bytes == answer->items[0].der.size());
  CHECK(answer->url == client->url(kds_query()));
}

TEST_CASE("a list and a chain are fetched") {
  const auto client = kds_client(kds_options("ok"));
  const auto list = client->crl(kds_crl_query());
  REQUIRE(list);
  CHECK(list->items.at(0).kind == CollateralKind::crl);
  const auto chain = client->chain(snp::ProductLine::milan, snp::SigningKeyKind::vcek);
  REQUIRE(chain);
  REQUIRE(chain->items.size() == 2);
  CHECK(chain->items[0].kind == CollateralKind::ask);
  CHECK(chain->items[1].kind == CollateralKind::ark);
}

TEST_CASE("every fault of a key service has its own error, soon") {
  const Fault fault = GENERATE(values<Fault>({
      {"slow", Reason::kds_timeout},
      {"drip_head", Reason::kds_timeout},
      {"drip_body", Reason::kds_timeout},
      {"throttled_long", Reason::kds_throttled},
      {"throttled_bare", Reason::kds_throttled},
      {"error_500", Reason::kds_unavailable},
      {"not_found", Reason::kds_not_found},
      {"redirect", Reason::kds_redirected},
      {"garbage", Reason::malformed_endorsement},
      {"empty", Reason::malformed_endorsement},
      {"garbage_head", Reason::malformed_http},
      {"hang_up", Reason::connection_closed},
      {"other", Reason::chip_id_mismatch},
      {"truncated", Reason::truncated_stream},
      {"cut", Reason::truncated_stream},
      {"longer", Reason::malformed_http},
      {"no_length", Reason::malformed_http},
      {"huge", Reason::malformed_http},
      {"huge_chunks", Reason::malformed_http},
      {"both_lengths", Reason::malformed_http},
      {"bad_chunk", Reason::malformed_http},
  }));
  CAPTURE(fault.name);
  const auto client = kds_client(quick(fault.name));
  const auto start = steady_clock::now();
  CHECK(code(error_of(client->vcek(kds_query())).reason()) == code(fault.reason));
  CHECK(steady_clock::now() - start < seconds(3));
}

TEST_CASE("garbage, nothing and another kind of answer are no list and no chain") {
  const std::string fault = GENERATE("garbage", "empty", "other");
  CAPTURE(fault);
  const auto client = kds_client(kds_options(fault));
  CHECK(error_of(client->crl(kds_crl_query())).reason() == Reason::crl_invalid);
  const auto chain = client->chain(snp::ProductLine::milan, snp::SigningKeyKind::vcek);
  CHECK(error_of(chain).reason() == Reason::malformed_collateral);
}

TEST_CASE("a body of 1 GiB is cut off at once") {
  const auto client = kds_client(kds_options("huge"));
  CHECK_FALSE(client->vcek(kds_query()));
  std::uint64_t sent = ~0ULL;
  for (int i = 0; i < 300; ++i) {
    if (const auto text = read_file(stand_in().file("answers/sent")); text && !text->empty()) {
      sent = std::stoull(to_string(*text));
      break;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(sent < 16U * 1024 * 1024);  // what socket buffers hold
}

TEST_CASE("a redirect is not followed") {
  const auto before = stand_in().requests("/ok/vcek/v1/Milan/crl").size();
  const auto client = kds_client(kds_options("redirect"));
  CHECK_FALSE(client->vcek(kds_query()));
  CHECK(stand_in().requests("/ok/vcek/v1/Milan/crl").size() == before);
}

TEST_CASE("a service that wants quiet is asked again when it said, and not before") {
  const std::string fault = GENERATE("throttled_once", "busy_once");
  KdsOptions options = kds_options(fault);
  options.limit = seconds(8);
  int waits = 0;
  options.on_wait = [&](milliseconds time, const char*) {
    ++waits;
    CHECK(time > milliseconds(500));
    CHECK(time <= milliseconds(1000));
  };
  const auto client = kds_client(options);
  const auto start = steady_clock::now();
  CHECK(client->vcek(kds_query()));
  CHECK(waits == 1);
  CHECK(steady_clock::now() - start >= seconds(1));
  CHECK(stand_in().requests("/" + fault + "/").size() == 2);
}

TEST_CASE("a Retry-After may be a date") {
  // kds_clock() stands at 2026-11-01T00:00:00Z.
  stand_in().serve("date", as_bytes("Sun, 01 Nov 2026 00:00:01 GMT"));
  KdsOptions options = kds_options("throttled_until");
  options.limit = seconds(8);
  const auto client = kds_client(options);
  const auto start = steady_clock::now();
  CHECK(client->vcek(kds_query()));
  CHECK(steady_clock::now() - start >= milliseconds(900));
}

TEST_CASE("after a refusal for too many requests the client keeps quiet for everything") {
  const auto client = kds_client(quick("throttled_long"));
  CHECK(error_of(client->vcek(kds_query())).reason() == Reason::kds_throttled);
  const auto before = stand_in().requests("/throttled_long/").size();
  const Error error = error_of(client->crl(kds_crl_query()));
  CHECK(error.reason() == Reason::kds_throttled);
  CHECK(error.detail().find("120 s") != std::string::npos);
  CHECK(stand_in().requests("/throttled_long/").size() == before);
}

TEST_CASE("a VCEK for another TCB, product or root is refused") {
  EndorsementQuery query = kds_query();
  query.reported_tcb.snp = 26;
  const auto client = kds_client(kds_options("ok"));
  CHECK(error_of(client->vcek(query)).reason() == Reason::tcb_mismatch);
  query = kds_query();
  query.line = snp::ProductLine::genoa;
  CHECK(error_of(client->vcek(query)).reason() == Reason::product_mismatch);
  const auto strict = KdsClient::create(kds_options("ok"), RootOfTrust::amd(), kds_clock()).value();
  CHECK(error_of(strict->vcek(kds_query())).reason() == Reason::simulated_not_allowed);
}

TEST_CASE("a VCEK and a list outside their dates are refused, and so are all without a clock") {
  const auto answer_at = [](std::optional<Timestamp> now, bool list) {
    const FixedClock clock(now);
    const auto client = KdsClient::create(kds_options("ok"), kds_roots(), clock).value();
    return error_of(list ? client->crl(kds_crl_query()) : client->vcek(kds_query())).reason();
  };
  CHECK(answer_at(parse_rfc3339("2025-12-31T00:00:00Z"), false) ==
        Reason::endorsement_not_yet_valid);
  CHECK(answer_at(parse_rfc3339("2034-01-01T00:00:00Z"), false) == Reason::endorsement_expired);
  CHECK(answer_at(parse_rfc3339("2026-12-01T00:00:00Z"), true) == Reason::crl_stale);
  CHECK(answer_at(std::nullopt, false) == Reason::no_time);
  CHECK(answer_at(std::nullopt, true) == Reason::no_time);
}

TEST_CASE("a list for another product line or root is refused") {
  const auto client = kds_client(kds_options("ok"));
  CrlQuery query = kds_crl_query();
  query.line = snp::ProductLine::genoa;
  CHECK(error_of(client->crl(query)).reason() == Reason::crl_invalid);
  query = kds_crl_query();
  query.ark = Sha256Digest();
  CHECK(error_of(client->crl(query)).reason() == Reason::crl_invalid);
}

TEST_CASE("a report that names no product is looked for under Milan, then under Genoa") {
  EndorsementQuery query = kds_query();
  query.line.reset();
  const auto milan = kds_client(kds_options("ok"));
  CHECK(milan->vcek(query));
  const auto genoa = kds_client(kds_options("genoa_only"));
  // What the stand-in serves under Genoa's name is Milan's.
  CHECK(error_of(genoa->vcek(query)).reason() == Reason::product_mismatch);
  CHECK(stand_in().requests("/genoa_only/").size() == 2);
}

TEST_CASE("a fetch command's answer is judged like any other") {
  KdsOptions options = kds_options("ok");
  options.fetch_command = "sh -c 'cat \"$0\"/answers/vcek; test \"$1\" = \"$2\"' " +
                          stand_in().file("") + " {url} " +
                          kds_client(kds_options("ok"))->url(kds_query());
  options.ca_file = "/nowhere";
  CHECK(kds_client(options)->vcek(kds_query()));
  EndorsementQuery other = kds_query();
  other.reported_tcb.microcode = 1;
  options.fetch_command = "sh -c 'cat " + stand_in().file("answers/vcek") + "'";
  CHECK(error_of(kds_client(options)->vcek(other)).reason() == Reason::tcb_mismatch);
  options.fetch_command = "sh -c 'echo garbage'";
  CHECK(error_of(kds_client(options)->vcek(kds_query())).reason() == Reason::malformed_endorsement);
  options.fetch_command = "false";
  CHECK(error_of(kds_client(options)->vcek(kds_query())).reason() == Reason::fetch_command_failed);
}
