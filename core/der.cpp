#include <ratls/core/der.h>

#include <charconv>
#include <cstdlib>
#include <string>

namespace ratls::der {

namespace {

// X.690, 8.1.3: definite form, as short as possible.
void put_length(Bytes& out, std::size_t length) {
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  Bytes digits;
  for (; length != 0; length >>= 8U)
    digits.insert(digits.begin(), static_cast<std::uint8_t>(length));
  out.push_back(static_cast<std::uint8_t>(0x80U | digits.size()));
  append(out, digits);
}

Bytes concatenated(std::uint8_t tag, std::initializer_list<ByteView> items) {
  std::size_t size = 0;
  for (const ByteView item : items) size += item.size();
  Bytes content;
  content.reserve(size);
  for (const ByteView item : items) append(content, item);
  return tlv(tag, content);
}

// X.690, 8.19.2: base 128, high bit on all but the last byte.
void put_arc(Bytes& out, std::uint64_t arc) {
  Bytes digits{static_cast<std::uint8_t>(arc & 0x7FU)};
  for (arc >>= 7U; arc != 0; arc >>= 7U) {
    digits.insert(digits.begin(), static_cast<std::uint8_t>(0x80U | (arc & 0x7FU)));
  }
  append(out, digits);
}

std::vector<std::uint64_t> arcs_of(std::string_view dotted) {
  std::vector<std::uint64_t> arcs;
  const char* at = dotted.data();
  const char* const end = at + dotted.size();
  while (true) {
    std::uint64_t arc = 0;
    const auto [next, failed] = std::from_chars(at, end, arc);
    if (failed != std::errc()) std::abort();
    arcs.push_back(arc);
    if (next == end) return arcs;
    if (*next != '.') std::abort();
    at = next + 1;
  }
}

}  // namespace

Bytes tlv(std::uint8_t tag, ByteView content) {
  Bytes out;
  out.reserve(1 + 1 + sizeof(std::size_t) + content.size());
  out.push_back(tag);
  put_length(out, content.size());
  append(out, content);
  return out;
}

Bytes sequence(std::initializer_list<ByteView> items) {
  return concatenated(0x30, items);
}
Bytes set(std::initializer_list<ByteView> items) {
  return concatenated(0x31, items);
}

Bytes explicit_tag(unsigned number, ByteView content) {
  return tlv(static_cast<std::uint8_t>(0xA0U | number), content);
}

Bytes integer(ByteView big_endian) {
  while (big_endian.size() > 1 && big_endian.front() == 0) big_endian = big_endian.subspan(1);
  Bytes content;
  if (big_endian.empty() || (big_endian.front() & 0x80U) != 0) content.push_back(0);
  append(content, big_endian);
  return tlv(0x02, content);
}

Bytes integer(std::uint64_t value) {
  Bytes big_endian;
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    big_endian.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
  }
  return integer(big_endian);
}

Bytes boolean(bool value) {
  return {0x01, 0x01, static_cast<std::uint8_t>(value ? 0xFF : 0x00)};
}
Bytes null() {
  return {0x05, 0x00};
}

Bytes oid(std::string_view dotted) {
  const auto arcs = arcs_of(dotted);
  if (arcs.size() < 2 || arcs[0] > 2) std::abort();
  // X.690, 8.19.4: the first two share one number.
  if (arcs[1] > (arcs[0] < 2 ? 39 : UINT64_MAX - 80)) std::abort();
  Bytes content;
  put_arc(content, arcs[0] * 40 + arcs[1]);
  for (std::size_t i = 2; i < arcs.size(); ++i) put_arc(content, arcs[i]);
  return tlv(0x06, content);
}

Bytes bit_string(ByteView content, unsigned unused_bits) {
  Bytes all{static_cast<std::uint8_t>(unused_bits)};
  append(all, content);
  return tlv(0x03, all);
}

Bytes octet_string_header(std::size_t content_size) {
  Bytes out{0x04};
  put_length(out, content_size);
  return out;
}

Bytes octet_string(ByteView content) {
  return tlv(0x04, content);
}
Bytes utf8_string(std::string_view text) {
  return tlv(0x0C, as_bytes(text));
}
Bytes printable_string(std::string_view text) {
  return tlv(0x13, as_bytes(text));
}
Bytes ia5_string(std::string_view text) {
  return tlv(0x16, as_bytes(text));
}

Bytes time(Timestamp moment) {
  std::string digits;
  for (const char c : to_rfc3339(moment)) {
    if ((c >= '0' && c <= '9') || c == 'Z') digits.push_back(c);
  }
  const bool utc_time = digits >= "1950" && digits < "2050";
  if (utc_time) return tlv(0x17, as_bytes(std::string_view(digits).substr(2)));
  return tlv(0x18, as_bytes(digits));
}

namespace {

Error not_der() {
  return Error(Reason::signature_invalid, "the ECDSA signature is not two positive numbers in DER");
}

// One INTEGER of at most `width` bytes from the front of `rest`, left-padded.
Result<void> take_number(ByteView& rest, std::size_t width, Bytes& out) {
  if (rest.size() < 3 || rest[0] != 0x02 || rest[1] == 0 || rest[1] > width + 1 ||
      rest.size() < 2U + rest[1]) {
    return not_der();
  }
  ByteView number = rest.subspan(2, rest[1]);
  rest = rest.subspan(2U + rest[1]);
  if (number[0] >= 0x80) return not_der();
  if (number[0] == 0 && number.size() > 1) {
    if (number[1] < 0x80) return not_der();
    number = number.subspan(1);
  }
  if (number.size() > width) return not_der();
  out.insert(out.end(), width - number.size(), 0);
  append(out, number);
  return {};
}

}  // namespace

// Two numbers of 49 bytes make 102: the length is always one byte.
Result<Bytes> parse_ecdsa_signature(ByteView der, std::size_t width) {
  if (width > 48) return Error(Reason::internal, "no curve of that size");
  if (der.size() < 2 || der[0] != 0x30 || der[1] >= 0x80 || der.size() != 2U + der[1]) {
    return not_der();
  }
  ByteView rest = der.subspan(2);
  Bytes out;
  RATLS_CHECK(take_number(rest, width, out));
  RATLS_CHECK(take_number(rest, width, out));
  if (!rest.empty()) return not_der();
  return out;
}

}  // namespace ratls::der
