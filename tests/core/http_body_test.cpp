#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/http_body.h>

using namespace ratls;
using namespace ratls::http;

namespace {

constexpr std::size_t kLimit = 64;

ResponseHead head(const std::string& lines) {
  return parse_response("HTTP/1.1 200 OK\r\n" + lines + "\r\n").value();
}

const std::string kChunked = "Transfer-Encoding: chunked\r\n";

struct Got {
  std::string body;
  std::string rest;
};

// Feeds `text` in pieces of `size` bytes.
Result<Got> read_in_pieces(const ResponseHead& of, const std::string& text, std::size_t size) {
  RATLS_TRY(BodyReader reader, BodyReader::open(of, kLimit));
  ByteView rest = as_bytes(text);
  while (!rest.empty() && !reader.complete()) {
    RATLS_TRY(const std::size_t used, reader.feed(rest.first(std::min(size, rest.size()))));
    rest = rest.subspan(used);
  }
  if (!reader.complete()) return Error(Reason::truncated_stream);
  return Got{to_string(reader.body()), to_string(rest)};
}

Reason refusal(const ResponseHead& of, const std::string& text) {
  const auto got = read_in_pieces(of, text, 3);
  REQUIRE_FALSE(got);
  return got.error().reason();
}

}  // namespace

TEST_CASE("a body of a known length is read, whatever the pieces, and no byte beyond it") {
  const std::size_t piece = GENERATE(as<std::size_t>{}, 1, 2, 5, 100);
  const auto got = read_in_pieces(head("Content-Length: 5\r\n"), "helloHTTP", piece);
  REQUIRE(got);
  CHECK(got->body == "hello");
  CHECK(got->rest == "HTTP");
}

TEST_CASE("a body of no bytes is complete before anything arrives") {
  const auto reader = BodyReader::open(head("Content-Length: 0\r\n"), kLimit);
  REQUIRE(reader);
  CHECK(reader->complete());
  CHECK(reader->body().empty());
}

TEST_CASE("chunks are joined, whatever the pieces") {
  const std::size_t piece = GENERATE(as<std::size_t>{}, 1, 2, 3, 7, 100);
  const auto got =
      read_in_pieces(head(kChunked), "5\r\nhello\r\n00a\r\n, chunked!\r\n0\r\n\r\n", piece);
  REQUIRE(got);
  CHECK(got->body == "hello, chunked!");
  CHECK(got->rest.empty());
}

TEST_CASE("the name of the transfer coding has no case") {
  CHECK(read_in_pieces(head("Transfer-Encoding: Chunked\r\n"), "0\r\n\r\n", 1));
}

TEST_CASE("an answer whose end could not be told is refused") {
  CHECK(refusal(head(""), "hello") == Reason::malformed_http);
  CHECK(refusal(head("Transfer-Encoding: gzip, chunked\r\n"), "0\r\n\r\n") ==
        Reason::malformed_http);
  CHECK(refusal(head("Transfer-Encoding: identity\r\n"), "hello") == Reason::malformed_http);
}

TEST_CASE("a body beyond the limit is refused before it is read") {
  CHECK_FALSE(BodyReader::open(head("Content-Length: 65\r\n"), kLimit));
  CHECK_FALSE(BodyReader::open(head("Content-Length: 1073741824\r\n"), kLimit));
  CHECK(BodyReader::open(head("Content-Length: 64\r\n"), kLimit));
  auto reader = BodyReader::open(head(kChunked), kLimit).value();
  CHECK(reader.feed(as_bytes("40\r\n")));
  auto larger = BodyReader::open(head(kChunked), kLimit).value();
  CHECK_FALSE(larger.feed(as_bytes("41\r\n")));
}

TEST_CASE("chunks that together pass the limit are refused") {
  const std::string chunk = "20\r\n" + std::string(32, 'x') + "\r\n";
  CHECK(read_in_pieces(head(kChunked), chunk + chunk + "0\r\n\r\n", 9));
  CHECK(refusal(head(kChunked), chunk + chunk + "1\r\nx\r\n0\r\n\r\n") == Reason::malformed_http);
}

TEST_CASE("chunks that two readers could read in two ways are refused") {
  const std::string text =
      GENERATE("g\r\n", "-1\r\n", "+5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
               "0x5\r\nhello\r\n", "\r\n", "5\nhello\r\n", "5\r\nhello\n0\r\n\r\n",
               "5;a=b\r\nhello", "5\r\nhello!\r\n", "5\r\nhell\r\no", "0\r\nTrailer: x\r\n\r\n",
               "0\r\n\n", "ffffffffffffffff\r\n", "000000005\r\nhello\r\n", "5\rhello");
  CAPTURE(text);
  CHECK(refusal(head(kChunked), text) == Reason::malformed_http);
}

TEST_CASE("a body that is cut is not complete") {
  const std::string text = GENERATE("", "5", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n",
                                    "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n\r");
  CAPTURE(text);
  CHECK(refusal(head(kChunked), text) == Reason::truncated_stream);
}
