/// mbedTLS's own curve arithmetic, which takes none of the ways that lead to AWS-LC.
#pragma once

#include <mbedtls/ecp.h>

#include <ratls/core/bytes.h>

namespace ratls::test {

/// One curve. All numbers are big-endian; any failure fails the test.
class BuiltinCurve {
 public:
  explicit BuiltinCurve(mbedtls_ecp_group_id id);
  BuiltinCurve(const BuiltinCurve&) = delete;
  BuiltinCurve& operator=(const BuiltinCurve&) = delete;
  ~BuiltinCurve();

  /// Uncompressed.
  [[nodiscard]] Bytes public_key(ByteView scalar) const;
  /// The X of scalar times `point`.
  [[nodiscard]] Bytes multiply(ByteView scalar, ByteView point) const;
  /// r || s.
  [[nodiscard]] Bytes sign(ByteView scalar, ByteView digest) const;
  [[nodiscard]] bool verifies(ByteView point, ByteView digest, ByteView r_s) const;

 private:
  mutable mbedtls_ecp_group group_;
};

}  // namespace ratls::test
