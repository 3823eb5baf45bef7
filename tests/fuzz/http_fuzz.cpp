// Answers of a web server: head and body, whole and in pieces, are read alike, within the limit.
#include <optional>

#include <ratls/core/http_body.h>
#include <ratls/core/http_head.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

namespace {

constexpr std::size_t kLimit = 4096;

// The body, where all of it arrived; feeds `piece` bytes at a time.
std::optional<Bytes> read(ByteView bytes, std::size_t piece) {
  http::HeadReader reader;
  const auto used = reader.feed(bytes);
  if (!used || !reader.complete()) return std::nullopt;
  const auto head = http::parse_response(reader.text());
  if (!head) return std::nullopt;
  must(http::write(*head).has_value());
  auto body = http::BodyReader::open(*head, kLimit);
  if (!body) return std::nullopt;
  ByteView rest = bytes.subspan(*used);
  while (!rest.empty() && !body->complete()) {
    const auto taken = body->feed(rest.first(std::min(piece, rest.size())));
    if (!taken) return std::nullopt;
    must(*taken > 0 && *taken <= rest.size());
    rest = rest.subspan(*taken);
  }
  must(body->body().size() <= kLimit);
  if (!body->complete()) return std::nullopt;
  return std::move(*body).take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto whole = read(bytes, size + 1);
  must(whole == read(bytes, 1));
  must(whole == read(bytes, 7));
  return 0;
}
