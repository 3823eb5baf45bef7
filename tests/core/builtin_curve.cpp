#include "builtin_curve.h"

#include <catch2/catch_test_macros.hpp>

#include <mbedtls/ecdsa.h>

#include <ratls/core/crypto.h>

namespace ratls::test {

namespace {

int draw(void*, unsigned char* out, std::size_t size) {
  crypto::random({out, size});
  return 0;
}

struct Number {
  Number() { mbedtls_mpi_init(&value); }
  explicit Number(ByteView bytes) : Number() {
    REQUIRE(mbedtls_mpi_read_binary(&value, bytes.data(), bytes.size()) == 0);
  }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  ~Number() { mbedtls_mpi_free(&value); }
  mbedtls_mpi value;
};

struct Point {
  Point() { mbedtls_ecp_point_init(&value); }
  Point(mbedtls_ecp_group& group, ByteView bytes) : Point() {
    REQUIRE(mbedtls_ecp_point_read_binary(&group, &value, bytes.data(), bytes.size()) == 0);
  }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;
  ~Point() { mbedtls_ecp_point_free(&value); }
  mbedtls_ecp_point value;
};

Bytes encode(mbedtls_ecp_group& group, const mbedtls_ecp_point& point) {
  Bytes out(200);
  std::size_t size = 0;
  REQUIRE(mbedtls_ecp_point_write_binary(&group, &point, MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
                                         out.data(), out.size()) == 0);
  out.resize(size);
  return out;
}

}  // namespace

BuiltinCurve::BuiltinCurve(mbedtls_ecp_group_id id) {
  mbedtls_ecp_group_init(&group_);
  REQUIRE(mbedtls_ecp_group_load(&group_, id) == 0);
}

BuiltinCurve::~BuiltinCurve() {
  mbedtls_ecp_group_free(&group_);
}

Bytes BuiltinCurve::public_key(ByteView scalar) const {
  const Number d(scalar);
  Point point;
  REQUIRE(mbedtls_ecp_mul(&group_, &point.value, &d.value, &group_.G, draw, nullptr) == 0);
  return encode(group_, point.value);
}

Bytes BuiltinCurve::multiply(ByteView scalar, ByteView bytes) const {
  const Number d(scalar);
  const Point from(group_, bytes);
  Point point;
  REQUIRE(mbedtls_ecp_mul(&group_, &point.value, &d.value, &from.value, draw, nullptr) == 0);
  const Bytes encoded = encode(group_, point.value);
  const std::size_t size = (encoded.size() - 1) / 2;
  return {encoded.begin() + 1, encoded.begin() + 1 + static_cast<std::ptrdiff_t>(size)};
}

Bytes BuiltinCurve::sign(ByteView scalar, ByteView digest) const {
  const Number d(scalar);
  Number r;
  Number s;
  REQUIRE(mbedtls_ecdsa_sign(&group_, &r.value, &s.value, &d.value, digest.data(), digest.size(),
                             draw, nullptr) == 0);
  Bytes out(2 * scalar.size());
  REQUIRE(mbedtls_mpi_write_binary(&r.value, out.data(), scalar.size()) == 0);
  REQUIRE(mbedtls_mpi_write_binary(&s.value, &out[scalar.size()], scalar.size()) == 0);
  return out;
}

bool BuiltinCurve::verifies(ByteView point, ByteView digest, ByteView r_s) const {
  const Point key(group_, point);
  const Number r(r_s.first(r_s.size() / 2));
  const Number s(r_s.subspan(r_s.size() / 2));
  return mbedtls_ecdsa_verify(&group_, digest.data(), digest.size(), &key.value, &r.value,
                              &s.value) == 0;
}

}  // namespace ratls::test
