// The door itself: what is the same for every provider, and the strict checks in front of it.
#include <ratls/core/crypto.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include <sodium.h>

#include <ratls/core/detail/crypto_provider.h>
#include <ratls/core/detail/operation_count.h>
#include <ratls/core/secret.h>

namespace ratls::crypto {

namespace {

// SEC 2, 2.5.1: the order n and the prime p of P-384.
constexpr std::array<std::uint8_t, 48> kP384Order{
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};
constexpr std::array<std::uint8_t, 48> kP384Prime{
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff};

bool below(ByteView number, ByteView limit) {
  return std::lexicographical_compare(number.begin(), number.end(), limit.begin(), limit.end());
}

bool in_range(const P384Scalar& scalar) {
  const ByteView bytes = scalar.view();
  return below(bytes, kP384Order) &&
         std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte != 0; });
}

Error invalid(std::string_view what) {
  return Error(Reason::signature_invalid, std::string(what));
}

Result<void> check_rsa(const RsaPublicKey& key, ByteView signature) {
  if (key.modulus.empty() || key.exponent.empty() || key.modulus.front() == 0 ||
      key.exponent.front() == 0) {
    return invalid("the RSA public key is not usable");
  }
  if (key.modulus.size() < 256 || key.modulus.size() > 512 || key.modulus.front() < 0x80) {
    return invalid("the RSA key is not of 2048 to 4096 bits");
  }
  if ((key.modulus.back() & 1U) == 0 || (key.exponent.back() & 1U) == 0) {
    return invalid("the RSA public key is not usable");
  }
  if (signature.size() != key.modulus.size())
    return invalid("the RSA signature has the wrong length");
  return {};
}

// RFC 8446, 7.1: struct HkdfLabel.
Bytes hkdf_label(std::string_view label, ByteView context, std::size_t length) {
  static constexpr std::string_view kPrefix = "tls13 ";
  Bytes out{static_cast<std::uint8_t>(length >> 8U), static_cast<std::uint8_t>(length)};
  out.push_back(static_cast<std::uint8_t>(kPrefix.size() + label.size()));
  append(out, as_bytes(kPrefix));
  append(out, as_bytes(label));
  out.push_back(static_cast<std::uint8_t>(context.size()));
  append(out, context);
  return out;
}

Bytes hash_of(TlsHash hash, ByteView message) {
  if (hash == TlsHash::sha256) {
    const auto digest = sha256({message});
    return {digest.array().begin(), digest.array().end()};
  }
  const auto digest = sha384({message});
  return {digest.array().begin(), digest.array().end()};
}

}  // namespace

Sha256Digest sha256(std::initializer_list<ByteView> parts) noexcept {
  return provider::sha256(parts);
}

Sha384Digest sha384(std::initializer_list<ByteView> parts) noexcept {
  return provider::sha384(parts);
}

Sha512Digest sha512(std::initializer_list<ByteView> parts) noexcept {
  return provider::sha512(parts);
}

Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s) {
  if (!in_range(r) || !in_range(s))
    return invalid("r or s is not between 0 and the order of P-384");
  const ByteView point = key.view();
  if (point.front() != 0x04 || !below(point.subspan(1, 48), kP384Prime) ||
      !below(point.subspan(49, 48), kP384Prime)) {
    return invalid("the public key is not a point on P-384");
  }
  detail::count(detail::Operation::p384_verify);
  return provider::verify_p384(key, digest, r, s);
}

Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, ByteView message, ByteView signature) {
  RATLS_CHECK(check_rsa(key, signature));
  detail::count(detail::Operation::rsa_verify);
  return provider::verify_rsa_pss_sha384(key, sha384({message}), signature);
}

// mbedTLS's under every provider: a quote a session, and AMD's keys never sign this way.
Result<void> verify_rsa_pkcs1_sha256(const RsaPublicKey& key, ByteView message,
                                     ByteView signature) {
  RATLS_CHECK(check_rsa(key, signature));
  detail::count(detail::Operation::rsa_verify);
  return builtin::verify_rsa_pkcs1_sha256(key, sha256({message}), signature);
}

Result<void> hkdf_expand_label(TlsHash hash, ByteView secret, std::string_view label,
                               ByteView context, std::span<std::uint8_t> out) {
  const std::size_t hash_size = hash == TlsHash::sha256 ? 32 : 48;
  if (secret.size() != hash_size || out.size() > 255 || label.size() > 249 ||
      context.size() > 255) {
    return Error(Reason::internal, "HKDF-Expand-Label called with a wrong length");
  }
  return provider::hkdf_expand(hash, secret, hkdf_label(label, context, out.size()), out);
}

Result<void> tls_exporter(TlsHash hash, ByteView exporter_master_secret, std::string_view label,
                          ByteView context, std::span<std::uint8_t> out) {
  const std::size_t hash_size = hash == TlsHash::sha256 ? 32 : 48;
  Secret<48> derived;
  RATLS_CHECK(derived.fill([&](std::span<std::uint8_t, 48> memory) {
    return hkdf_expand_label(hash, exporter_master_secret, label, hash_of(hash, {}),
                             memory.first(hash_size));
  }));
  return derived.expose([&](ByteView secret) {
    return hkdf_expand_label(hash, secret.first(hash_size), "exporter", hash_of(hash, context),
                             out);
  });
}

void random(std::span<std::uint8_t> out) noexcept {
  // Idempotent and safe on any thread, which the generator's own first use is not.
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

}  // namespace ratls::crypto
