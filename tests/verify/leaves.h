/// TLS leaves made to measure, signed by their own keys.
#pragma once

#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/signing_key.h>

namespace ratls::test {

/// An X.509 v3 certificate of `key`, self-signed, with exactly these extensions. DER.
Bytes leaf_with(const SigningKey& key, const std::vector<Bytes>& extensions,
                std::string_view common_name = "a leaf");

/// One extension, DER.
Bytes leaf_extension(std::string_view oid, ByteView value, bool critical = false);

/// RFC 7468.
std::string pem_of(std::string_view label, ByteView der);

}  // namespace ratls::test
