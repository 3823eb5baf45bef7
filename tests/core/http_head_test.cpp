#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/http_head.h>

using namespace ratls;
using namespace ratls::http;

namespace {

const std::string kGet = "GET /kbs/v0/resource/a/b/c HTTP/1.1\r\nHost: broker\r\n\r\n";

std::string request(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: broker\r\n" + lines + "\r\n";
}

std::string response(const std::string& lines) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
}

void refused(const Result<RequestHead>& got) {
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::malformed_http);
}

// Feeds `text` in pieces of `size` bytes; the head, or the error.
Result<std::string> read_in_pieces(const std::string& text, std::size_t size) {
  HeadReader reader;
  ByteView rest = as_bytes(text);
  while (!rest.empty() && !reader.complete()) {
    const ByteView piece = rest.first(std::min(size, rest.size()));
    RATLS_TRY(const std::size_t used, reader.feed(piece));
    rest = rest.subspan(used);
  }
  if (!reader.complete()) return Error(Reason::malformed_http, "incomplete");
  return reader.text();
}

}  // namespace

TEST_CASE("a request line and its headers are read") {
  const auto got = parse_request(
      "GET /kbs/v0/resource/a/b/c?x=1 HTTP/1.1\r\nHost:broker:1\r\nX-Test: \t two words "
      "\t\r\n\r\n");
  REQUIRE(got);
  CHECK(got->method == "GET");
  CHECK(got->target == "/kbs/v0/resource/a/b/c?x=1");
  REQUIRE(got->headers.find("HOST") != nullptr);
  CHECK(*got->headers.find("host") == "broker:1");
  CHECK(*got->headers.find("x-test") == "two words");
  CHECK(got->headers.find("x-other") == nullptr);
  CHECK_FALSE(got->framing.content_length);
  CHECK_FALSE(got->framing.transfer_encoding);
}

TEST_CASE("a content-length of a request is read") {
  const auto got = parse_request(request("Content-Length: 12\r\n"));
  REQUIRE(got);
  CHECK(got->framing.content_length == 12);
}

TEST_CASE("a status line is read, with and without a phrase") {
  const auto with = parse_response("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(with);
  CHECK(with->status == 404);
  CHECK(with->phrase == "Not Found");
  CHECK(with->framing.content_length == 0);
  const auto without = parse_response("HTTP/1.1 200 \r\n\r\n");
  REQUIRE(without);
  CHECK(without->phrase.empty());
}

TEST_CASE("a head that two implementations could read in two ways is refused") {
  const auto* lines =
      GENERATE("Host: other\r\n", "HOST: broker\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
               "Content-Length: 1\r\nContent-Length: 2\r\n",
               "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
               "Content-Type: a/b\r\nContent-Type: c/d\r\n", "Content-Length: +1\r\n",
               "Content-Length: -1\r\n", "Content-Length: 0x10\r\n", "Content-Length: 1, 1\r\n",
               "Content-Length:\r\n", "Content-Length: 18446744073709551616\r\n",
               "Content-Length: 1 \r\nContent-Length : 2\r\n");
  CAPTURE(lines);
  refused(parse_request(request(lines)));
}

TEST_CASE("a header line of the wrong shape is refused") {
  const auto* lines =
      GENERATE(" folded: yes\r\n", "X-A: 1\r\n folded\r\n", "X-A: 1\r\n\tfolded\r\n",
               "no colon\r\n", ": no name\r\n", "X A: 1\r\n", "X-A : 1\r\n", "X-\x80: 1\r\n",
               "X-A: \x80\r\n", "X-A: \x7f\r\n", "X-A: \x01\r\n", "X(A): 1\r\n");
  CAPTURE(lines);
  refused(parse_request(request(lines)));
}

TEST_CASE("a zero byte in a header is refused") {
  refused(parse_request(request(std::string("X-A: a\0b\r\n", 10))));
}

TEST_CASE("a request line of the wrong shape is refused") {
  const auto* line =
      GENERATE("GET / HTTP/1.0", "GET / HTTP/2", "GET / http/1.1", "GET /", "GET", " / HTTP/1.1",
               "GET  / HTTP/1.1", "GET / /x HTTP/1.1", "GET http://broker/ HTTP/1.1",
               "GET * HTTP/1.1", "GET /a#b HTTP/1.1", "GET /\x80 HTTP/1.1", "G(T / HTTP/1.1",
               "GET /\tx HTTP/1.1", "GET / HTTP/1.1 ");
  CAPTURE(line);
  refused(parse_request(std::string(line) + "\r\nHost: broker\r\n\r\n"));
}

TEST_CASE("a request without a host is refused") {
  refused(parse_request("GET / HTTP/1.1\r\nX-A: 1\r\n\r\n"));
}

TEST_CASE("a status line of the wrong shape is refused") {
  const auto* line = GENERATE(
      "HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 600 OK",
      "HTTP/1.1 099 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1200 OK", "HTTP/1.1  200 OK", "200 OK", "");
  CAPTURE(line);
  const auto got = parse_response(std::string(line) + "\r\n\r\n");
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == Reason::malformed_http);
}

TEST_CASE("a response with two lengths is refused") {
  CHECK_FALSE(parse_response(response("Content-Length: 1\r\nContent-Length: 1\r\n")));
  CHECK_FALSE(parse_response(response("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")));
}

TEST_CASE("a head that does not end, or goes on after its end, is refused") {
  refused(parse_request(""));
  refused(parse_request("\r\n"));
  refused(parse_request("GET / HTTP/1.1\r\nHost: a\r\n"));
  refused(parse_request("GET / HTTP/1.1\r\nHost: a"));
  refused(parse_request(kGet + "x"));
}

TEST_CASE("every prefix of a request is refused") {
  for (std::size_t size = 0; size < kGet.size(); ++size) {
    CAPTURE(size);
    refused(parse_request(kGet.substr(0, size)));
  }
}

TEST_CASE("64 headers are read and 65 are refused") {
  const auto lines = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": 1\r\n";
    return out;
  };
  CHECK(parse_request(request(lines(kMaxHeaders - 1))));  // and Host
  refused(parse_request(request(lines(kMaxHeaders))));
}

TEST_CASE("a head of 8192 bytes is read and one byte more is refused") {
  const std::size_t frame = request("X-A: \r\n").size();
  const std::string fits = request("X-A: " + std::string(kMaxHead - frame, 'a') + "\r\n");
  REQUIRE(fits.size() == kMaxHead);
  CHECK(parse_request(fits));
  CHECK(read_in_pieces(fits, 1000));
  const std::string over = request("X-A: " + std::string(kMaxHead - frame + 1, 'a') + "\r\n");
  CHECK_FALSE(read_in_pieces(over, 1000));
}

TEST_CASE("a reader for a proxy takes 65536 bytes, and no reader more") {
  const std::size_t frame = request("X-A: \r\n").size();
  const std::string fits = request("X-A: " + std::string(kMaxProxyHead - frame, 'a') + "\r\n");
  HeadReader reader(kMaxProxyHead);
  CHECK(reader.feed(as_bytes(fits)));
  CHECK(reader.complete());
  CHECK(parse_request(fits));
  const std::string over = request("X-A: " + std::string(kMaxProxyHead - frame + 1, 'a') + "\r\n");
  HeadReader full(kMaxProxyHead);
  CHECK_FALSE(full.feed(as_bytes(over)));
  refused(parse_request(over));
}

TEST_CASE("only CONNECT may have a target that is no path") {
  CHECK(parse_request("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"));
  refused(parse_request("GET a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"));
  refused(parse_request("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"));
}

TEST_CASE("a head is found in pieces of any size, and what follows is left alone") {
  const auto size =
      GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{1000});
  const auto got = read_in_pieces(kGet + "body", size);
  REQUIRE(got);
  CHECK(*got == kGet);
}

TEST_CASE("a line feed without a carriage return is refused, and the other way round") {
  const auto* text = GENERATE("GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
                              "GET / HTTP/1.1\rHost: a\r\n\r\n",
                              "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "\nGET / HTTP/1.1\r\n\r\n");
  CAPTURE(text);
  const auto got = read_in_pieces(text, 5);
  REQUIRE_FALSE(got);
  CHECK(got.error().detail() == "a line must end with CR LF");
}

TEST_CASE("an endless head is refused at its limit, not at its end") {
  HeadReader reader;
  const std::string piece(1024, 'a');
  std::size_t taken = 0;
  while (true) {
    const auto used = reader.feed(as_bytes(piece));
    if (!used) break;
    taken += *used;
    REQUIRE(taken <= kMaxHead);
  }
  CHECK_FALSE(reader.complete());
}

TEST_CASE("what is written is read back") {
  const auto text = write(RequestHead{"GET", "/a", {{"host", "b"}, {"x-test", "1"}}, {}});
  REQUIRE(text);
  const auto again = parse_request(*text);
  REQUIRE(again);
  CHECK(*again->headers.find("x-test") == "1");
  const auto answer = write(ResponseHead{404, "Not Found", {{"content-length", "3"}}, {}});
  REQUIRE(answer);
  CHECK(*answer == "HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\n");
}

TEST_CASE("a value with a line feed in it cannot become a second header") {
  CHECK_FALSE(write(RequestHead{"GET", "/a", {{"host", "b\r\nX-Evil: 1"}}, {}}));
  CHECK_FALSE(write(RequestHead{"GET", "/a HTTP/1.1\r\nX-Evil: 1\r\nX-B: ", {{"host", "b"}}, {}}));
  CHECK_FALSE(write(RequestHead{"GET", "/a", {{"host", "b\n"}}, {}}));
  CHECK_FALSE(write(ResponseHead{200, "OK\r\nX-Evil: 1", {}, {}}));
  CHECK_FALSE(write(ResponseHead{200, "OK", {{"x-a", "1\r\n\r\nbody"}}, {}}));
}
