#include <deque>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/services/http/exchange.h>
#include <ratls/services/http/problem.h>

using namespace ratls;
using namespace ratls::http;

namespace {

/// A peer that has sent all it ever sends.
struct Script {
  explicit Script(std::string text, std::size_t piece = 4096)
      : input(std::move(text)), most(piece) {}

  Stream stream() {
    return {[this](std::span<std::uint8_t> out) -> Result<std::size_t> {
              const std::size_t size = std::min({out.size(), most, input.size() - at});
              copy_bytes(as_bytes(input).subspan(at, size), out.first(size));
              at += size;
              return size;
            },
            [this](ByteView bytes) -> Result<void> {
              output += to_string(bytes);
              return {};
            }};
  }

  std::string input;
  std::size_t most;
  std::size_t at = 0;
  std::string output;
};

Deadline soon() {
  return after(std::chrono::seconds(10));
}

Result<std::string> get_text(Script& script) {
  RATLS_TRY(const SecretBytes body, get(script.stream(), "broker", "/x", soon()));
  return body.expose([](ByteView bytes) { return to_string(bytes); });
}

Reason reason_of(const std::string& answer) {
  Script script(answer);
  const auto got = get_text(script);
  REQUIRE_FALSE(got);
  return got.error().reason();
}

}  // namespace

TEST_CASE("a client asks with one GET and receives the body, whatever the pieces") {
  const auto piece = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{4096});
  Script script("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", piece);
  const auto got = get_text(script);
  REQUIRE(got);
  CHECK(*got == "secret");
  CHECK(script.output == "GET /x HTTP/1.1\r\nhost: broker\r\n\r\n");
}

TEST_CASE("an answer without a usable length is refused") {
  CHECK(reason_of("HTTP/1.1 200 OK\r\n\r\nsecret") == Reason::malformed_http);
  CHECK(reason_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        Reason::malformed_http);
  CHECK(reason_of("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n") == Reason::malformed_http);
  CHECK(reason_of("HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n") ==
        Reason::malformed_http);
}

TEST_CASE("a body that is cut off is refused") {
  CHECK(reason_of("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsecret") ==
        Reason::truncated_stream);
}

TEST_CASE("bytes after the body are refused") {
  CHECK(reason_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsecret") == Reason::malformed_http);
}

TEST_CASE("an answer that ends in its head is told from one that never came") {
  CHECK(reason_of("HTTP/1.1 200 OK\r\nConten") == Reason::truncated_stream);
  CHECK(reason_of("") == Reason::connection_closed);
}

TEST_CASE("a body of the greatest size is received") {
  const std::string body(kMaxBody, 'x');
  Script script("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + body);
  const auto got = get_text(script);
  REQUIRE(got);
  CHECK(*got == body);
}

TEST_CASE("a status becomes a reason, and its text is not repeated") {
  const auto answer = [](const std::string& status) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: 4\r\n\r\nevil";
  };
  CHECK(reason_of(answer("404 Not Found")) == Reason::unknown_resource);
  CHECK(reason_of(answer("403 Forbidden")) == Reason::peer_refused);
  CHECK(reason_of(answer("401 Unauthorized")) == Reason::peer_refused);
  CHECK(reason_of(answer("503 Busy")) == Reason::cannot_judge_now);
  CHECK(reason_of(answer("500 Oops")) == Reason::malformed_http);
  CHECK(reason_of(answer("301 Moved")) == Reason::malformed_http);
  Script script(answer("404 evil"));
  const auto got = get_text(script);
  REQUIRE_FALSE(got);
  CHECK(got.error().message().find("evil") == std::string::npos);
}

TEST_CASE("a peer that is too slow is given up at the deadline, however it drips") {
  Script script("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", 1);
  const auto got = get(script.stream(), "broker", "/x", after(std::chrono::milliseconds(0)));
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::handshake_timeout);
}

TEST_CASE("a server reads one request without a body") {
  Script script("GET /a HTTP/1.1\r\nHost: b\r\n\r\n");
  const auto got = read_request(script.stream(), soon());
  REQUIRE(got);
  CHECK(got->target == "/a");
}

TEST_CASE("a server refuses a request with a body, or with another behind it") {
  const auto* text =
      GENERATE("POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\n\r\n",
               "POST /a HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
               "GET /a HTTP/1.1\r\nHost: b\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n");
  Script script(text);
  const auto got = read_request(script.stream(), soon());
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::malformed_http);
}

TEST_CASE("a secret is sent with its length and is not to be stored") {
  Script script("");
  const auto secret = SecretBytes::copy_of(as_bytes("key"));
  REQUIRE(secret);
  REQUIRE(send_secret(script.stream(), *secret));
  CHECK(script.output ==
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: 3\r\n"
        "cache-control: no-store\r\nconnection: close\r\n\r\nkey");
}

TEST_CASE("a problem names its reason in the form of RFC 9457") {
  Script script("");
  REQUIRE(send_problem(script.stream(), 404, Reason::unknown_resource));
  const std::string body = problem_json(404, Reason::unknown_resource);
  CHECK(body.find(R"("title":"Not Found","status":404,"reason":"unknown_resource")") !=
        std::string::npos);
  CHECK(script.output.find("content-type: application/problem+json\r\n") != std::string::npos);
  CHECK(script.output.ends_with("\r\n\r\n" + body));
}

TEST_CASE("what a server sends, the client of this library reads") {
  Script server("");
  const auto secret = SecretBytes::copy_of(as_bytes("key"));
  REQUIRE(secret);
  REQUIRE(send_secret(server.stream(), *secret));
  Script client(server.output);
  const auto got = get_text(client);
  REQUIRE(got);
  CHECK(*got == "key");
}
