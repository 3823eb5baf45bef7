// Whose answers are read at all: TLS 1.3, a CA that is trusted, the right name, the right time.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdlib>

#include "stand_in.h"

using namespace ratls;
using namespace ratls::test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

Error error_of(const KdsOptions& options) {
  const auto got = kds_client(options)->vcek(kds_query());
  REQUIRE_FALSE(got);
  return got.error();
}

struct Fault {
  const char* server;
  Reason reason;
};

}  // namespace

TEST_CASE("chains of P-256, of P-384 and of RSA with PKCS#1 verify") {
  const std::string server = GENERATE("good", "p384", "rsa");
  CAPTURE(server);
  const auto answer = kds_client(kds_options("ok", server))->vcek(kds_query());
  if (!answer) FAIL(answer.error().message());
  CHECK(answer->items.size() == 1);
}

TEST_CASE("a server may be named by its address where its certificate is") {
  KdsOptions options = kds_options("ok");
  options.base_url = "https://127.0.0.1:" + std::to_string(stand_in().port("good")) + "/ok";
  CHECK(kds_client(options)->vcek(kds_query()));
}

TEST_CASE("every fault of a server's TLS has its own error, soon, and nothing was asked for") {
  const Fault fault = GENERATE(values<Fault>({
      {"wrong_name", Reason::server_name_mismatch},
      {"expired", Reason::server_expired},
      {"untrusted", Reason::server_untrusted},
      {"tls12", Reason::no_tls13},
      {"alert40", Reason::no_tls13},
      {"http", Reason::tls_failed},
      {"silent", Reason::kds_timeout},
  }));
  CAPTURE(fault.server);
  const auto before = stand_in().requests("/ok/").size();
  KdsOptions options = kds_options("ok", fault.server);
  options.limit = milliseconds(800);
  const auto start = steady_clock::now();
  CHECK(code(error_of(options).reason()) == code(fault.reason));
  CHECK(steady_clock::now() - start < seconds(3));
  CHECK(stand_in().requests("/ok/").size() == before);
}

TEST_CASE("a server without TLS 1.3 is told from a broken one, and the way round it is named") {
  const Error error = error_of(kds_options("ok", "tls12"));
  CHECK(error.message().find("--fetch-command") != std::string::npos);
  CHECK(error.message().find("collateral import") != std::string::npos);
}

TEST_CASE("a CA that is not in the file is not trusted") {
  KdsOptions options = kds_options("ok");
  options.ca_file = stand_in().file("stranger.pem");
  CHECK(error_of(options).reason() == Reason::server_untrusted);
}

TEST_CASE("a service that is down is said to be down") {
  KdsOptions options = kds_options("ok");
  options.base_url = "https://127.0.0.1:1";
  CHECK(error_of(options).reason() == Reason::connection_failed);
}

TEST_CASE("through a proxy the server is judged all the same") {
  KdsOptions options = kds_options("ok");
  options.proxy = "http://127.0.0.1:" + std::to_string(stand_in().port("proxy"));
  const std::string wanted = "CONNECT localhost:" + std::to_string(stand_in().port("good"));
  const auto before = stand_in().requests(wanted).size();
  CHECK(kds_client(options)->vcek(kds_query()));
  CHECK(stand_in().requests(wanted).size() == before + 1);
  options.base_url = stand_in().url("ok", "untrusted");
  CHECK(error_of(options).reason() == Reason::server_untrusted);
}

TEST_CASE("a proxy that refuses, is down or is no proxy is an error, and nothing goes around it") {
  KdsOptions options = kds_options("ok");
  options.proxy = "http://127.0.0.1:" + std::to_string(stand_in().port("proxy"));
  options.base_url = "https://refused.invalid";
  const Error refused = error_of(options);
  CHECK(refused.reason() == Reason::kds_unavailable);
  CHECK(refused.detail().find("407") != std::string::npos);
  options = kds_options("ok");
  const auto before = stand_in().requests("/ok/").size();
  options.proxy = "http://127.0.0.1:1";
  CHECK(error_of(options).reason() == Reason::connection_failed);
  options.proxy = "http://127.0.0.1:" + std::to_string(stand_in().port("http"));
  CHECK(error_of(options).reason() == Reason::kds_unavailable);
  CHECK(stand_in().requests("/ok/").size() == before);
}

TEST_CASE("no environment variable changes the way") {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
  ::setenv("SSL_CERT_FILE", "/nowhere", 1);
  CHECK(kds_client(kds_options("ok"))->vcek(kds_query()));
  ::unsetenv("https_proxy");
  ::unsetenv("HTTPS_PROXY");
  ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("options that contradict each other or say nothing are refused when the client is made") {
  const auto refused = [](KdsOptions options) {
    const auto made = KdsClient::create(std::move(options), kds_roots(), kds_clock());
    return !made && made.error().reason() == Reason::invalid_config;
  };
  KdsOptions options = kds_options("ok");
  options.base_url = "http://localhost";
  CHECK(refused(options));
  options = kds_options("ok");
  options.ca_file = "/nowhere";
  CHECK(refused(options));
  options = kds_options("ok");
  options.proxy = "socks5://localhost:1080";
  CHECK(refused(options));
  options = kds_options("ok");
  options.fetch_command = "curl 'x";
  CHECK(refused(options));
  options.fetch_command = "curl";
  options.proxy = "http://localhost:3128";
  CHECK(refused(options));
  options = kds_options("ok");
  options.limit = milliseconds(0);
  CHECK(refused(options));
}
