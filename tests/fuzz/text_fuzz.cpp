// Dates, hex and base64: what is read is written back the same, but for spelling.
#include <ratls/core/base64.h>
#include <ratls/core/clock.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = to_string({data, size});
  if (const auto time = parse_rfc3339(text)) {
    const std::string written = to_rfc3339(*time);
    must(written.size() == 20 && written.back() == 'Z');
    must(parse_rfc3339(written) == time);
    // UTC without a fraction has one spelling, but for its two letters.
    if (size == 20) must(written.substr(0, 10) == text.substr(0, 10));
    if (size == 20) must(written.substr(11, 8) == text.substr(11, 8));
  }
  if (const auto bytes = from_hex(text)) {
    must(bytes->size() * 2 == size);
    std::string lower = text;
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    must(to_hex(*bytes) == lower);
    must(Sha256Digest::parse_hex(text).has_value() == (size == 64));
  }
  if (const auto bytes = from_base64(text)) must(to_base64(*bytes) == text);
  must(from_base64(to_base64({data, size})).value() == Bytes(data, data + size));
  must(from_hex(to_hex({data, size})).value() == Bytes(data, data + size));
  return 0;
}
