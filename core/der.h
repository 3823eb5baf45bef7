/// Writing DER (X.690), enough for certificates. Reading is x509.h's.
#pragma once

#include <initializer_list>
#include <string_view>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/core/result.h>

namespace ratls::der {

/// Tag, length, content.
Bytes tlv(std::uint8_t tag, ByteView content);
Bytes sequence(std::initializer_list<ByteView> items);
Bytes set(std::initializer_list<ByteView> items);
/// [number], constructed, context-specific.
Bytes explicit_tag(unsigned number, ByteView content);
/// A non-negative INTEGER from big-endian bytes, in minimal form.
Bytes integer(ByteView big_endian);
Bytes integer(std::uint64_t value);
Bytes boolean(bool value);
Bytes null();
/// An OBJECT IDENTIFIER from dotted text, which must be valid (a bug otherwise: aborts).
Bytes oid(std::string_view dotted);
Bytes bit_string(ByteView content, unsigned unused_bits = 0);
Bytes octet_string(ByteView content);
/// What stands in front of the content.
Bytes octet_string_header(std::size_t content_size);
Bytes utf8_string(std::string_view text);
Bytes ia5_string(std::string_view text);
Bytes printable_string(std::string_view text);
/// UTCTime through 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5); 1950 to 9999.
Bytes time(Timestamp moment);

/// r || s, `width` bytes each, from an ECDSA signature in DER (RFC 3279, 2.2.3). Strict: one
/// encoding only, no negative numbers, no padding, nothing behind it; width <= 48.
/// Errors: signature_invalid.
Result<Bytes> parse_ecdsa_signature(ByteView der, std::size_t width);

}  // namespace ratls::der
