// Message heads on their way through the egress.
#include <catch2/catch_test_macros.hpp>

#include <ratls/services/egress/rewrite.h>

using namespace ratls;
using namespace ratls::egress;

namespace {

http::RequestHead request(const std::string& fields) {
  return read_request("POST /v1/x HTTP/1.1\r\nHost: program\r\n" + fields + "\r\n").value();
}

std::string sent(const std::string& fields, const Upstream& upstream) {
  return to_string(request_for(request(fields), upstream).value());
}

std::string answered(const std::string& head, bool attested, bool keep_alive = true) {
  const auto response = http::parse_response("HTTP/1.1 " + head + "\r\n\r\n");
  REQUIRE(response);
  return response_for(*response, {attested, attested ? "ab12" : ""}, keep_alive).value();
}

Upstream upstream_with(const std::string& name, const std::string& before) {
  Upstream out;
  out.host = "llm.internal";
  out.inject.push_back({name, before,
                        std::make_shared<const SecretBytes>(
                            SecretBytes::copy_of(as_bytes(std::string("sk-real"))).value())});
  return out;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a secret replaces what the program sent, in either spelling of a credential") {
  const std::string both = "Authorization: Bearer mine\r\nX-API-Key: mine\r\n";
  for (const auto& upstream :
       {upstream_with("authorization", "Bearer "), upstream_with("x-api-key", "")}) {
    const std::string head = sent(both, upstream);
    CHECK_FALSE(has(head, "mine"));
    CHECK(has(head, upstream.inject.front().name + ": " + upstream.inject.front().before +
                        "sk-real\r\n"));
    CHECK(has(head, "host: llm.internal\r\n"));
    CHECK_FALSE(has(head, "program"));
  }
}

TEST_CASE("what belongs to one connection, or to ratls, does not pass") {
  const std::string head = sent(
      "Connection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\n"
      "TE: trailers\r\nX-RATLS-Attested: true\r\nx-ratls-anything: 1\r\nUpgrade: h2c\r\n"
      "Mcp-Session-Id: s\r\nAccept: text/event-stream\r\n",
      Upstream{});
  for (const char* gone :
       {"X-Mine", "Keep-Alive", "Proxy-", "TE:", "RATLS", "ratls", "h2c", "close"}) {
    CAPTURE(gone);
    CHECK_FALSE(has(head, gone));
  }
  CHECK(has(head, "Mcp-Session-Id: s\r\n"));
  CHECK(has(head, "Accept: text/event-stream\r\n"));
}

TEST_CASE("a framing field that Connection names stays: without it a body would be a request") {
  const std::string head = sent("Connection: content-length\r\nContent-Length: 3\r\n", Upstream{});
  CHECK(has(head, "Content-Length: 3\r\n"));
}

TEST_CASE("an answer says who gave it, whatever the upstream wrote") {
  const std::string forged = "200 OK\r\nX-Ratls-Attested: true\r\nx-ratls-measurement: ff";
  const std::string attested = answered(forged, true);
  CHECK(has(attested, "x-ratls-attested: true\r\nx-ratls-measurement: ab12\r\n"));
  CHECK_FALSE(has(attested, "ff"));
  const std::string unattested = answered(forged, false);
  CHECK(has(unattested, "x-ratls-attested: false\r\n"));
  CHECK_FALSE(has(unattested, "measurement"));
}

TEST_CASE("an interim answer passes as it is, and ends no connection") {
  CHECK(answered("100 Continue", true, false) == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(has(answered("200 OK", true, false), "connection: close\r\n"));
}

TEST_CASE("a CONNECT of HTTP/1.0 without a Host is read, as Python 3.11 sends it") {
  for (const char* text : {"CONNECT api.example:443 HTTP/1.0\r\n\r\n",
                           "CONNECT api.example:443 HTTP/1.0\r\nHost: api.example:443\r\n\r\n",
                           "CONNECT api.example:443 HTTP/1.0\r\nProxy-Authorization: x\r\n\r\n",
                           "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n"}) {
    CAPTURE(text);
    const auto read = read_request(text);
    REQUIRE(read);
    CHECK(read->target == "api.example:443");
  }
}

TEST_CASE("nothing else of HTTP/1.0 is") {
  for (const char* text :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n", "CONNECT a:1 HTTP/0.9\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\n folded: x\r\n\r\n", "CONNECT  HTTP/1.0\r\n\r\n",
        "CONNECT a b HTTP/1.0\r\n\r\n", "connect a:1 HTTP/1.0\r\n\r\n"}) {
    CAPTURE(text);
    CHECK_FALSE(read_request(text));
  }
}
