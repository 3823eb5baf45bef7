// The built-in provider of core/crypto.h: mbedTLS 3.6 for public keys, hashes and HMAC.
#include <ratls/core/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <sodium.h>

#include <ratls/core/secret.h>

namespace ratls::crypto {

namespace {

// Software hashes have no way to fail; one that does is a broken build, and going on would accept
// anything.
void must(int failed) noexcept {
  if (failed != 0) std::abort();
}

template <class Digest>
Digest sha512_family(std::initializer_list<ByteView> parts, int is384) noexcept {
  std::array<std::uint8_t, 64> full{};
  mbedtls_sha512_context context;
  mbedtls_sha512_init(&context);
  must(mbedtls_sha512_starts(&context, is384));
  for (const ByteView part : parts) must(mbedtls_sha512_update(&context, part.data(), part.size()));
  must(mbedtls_sha512_finish(&context, full.data()));
  mbedtls_sha512_free(&context);
  return *Digest::from(ByteView(full).first(Digest::kSize));
}

// Frees an mbedTLS object at the end of its scope.
template <class T, void (*init)(T*), void (*release)(T*)>
struct Owned {
  Owned() noexcept { init(&value); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { release(&value); }
  T value;
};
using Mpi = Owned<mbedtls_mpi, mbedtls_mpi_init, mbedtls_mpi_free>;
using Group = Owned<mbedtls_ecp_group, mbedtls_ecp_group_init, mbedtls_ecp_group_free>;
using Point = Owned<mbedtls_ecp_point, mbedtls_ecp_point_init, mbedtls_ecp_point_free>;
using Rsa = Owned<mbedtls_rsa_context, mbedtls_rsa_init, mbedtls_rsa_free>;
using Md = Owned<mbedtls_md_context_t, mbedtls_md_init, mbedtls_md_free>;

Error invalid(std::string_view what) {
  return Error(Reason::signature_invalid, std::string(what));
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
  Sha256Digest out;
  mbedtls_sha256_context context;
  mbedtls_sha256_init(&context);
  must(mbedtls_sha256_starts(&context, 0));
  for (const ByteView part : parts) must(mbedtls_sha256_update(&context, part.data(), part.size()));
  must(mbedtls_sha256_finish(&context, out.mutable_view().data()));
  mbedtls_sha256_free(&context);
  return out;
}

Sha384Digest sha384(std::initializer_list<ByteView> parts) noexcept {
  return sha512_family<Sha384Digest>(parts, 1);
}

Sha512Digest sha512(std::initializer_list<ByteView> parts) noexcept {
  return sha512_family<Sha512Digest>(parts, 0);
}

Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s) {
  Group group;
  Point point;
  Mpi r_value;
  Mpi s_value;
  if (mbedtls_ecp_group_load(&group.value, MBEDTLS_ECP_DP_SECP384R1) != 0) {
    return Error(Reason::internal, "no memory for P-384");
  }
  if (mbedtls_ecp_point_read_binary(&group.value, &point.value, key.view().data(), 97) != 0 ||
      mbedtls_ecp_check_pubkey(&group.value, &point.value) != 0) {
    return invalid("the public key is not a point on P-384");
  }
  if (mbedtls_mpi_read_binary(&r_value.value, r.view().data(), 48) != 0 ||
      mbedtls_mpi_read_binary(&s_value.value, s.view().data(), 48) != 0) {
    return Error(Reason::internal, "no memory for a signature");
  }
  if (mbedtls_ecdsa_verify(&group.value, digest.view().data(), 48, &point.value, &r_value.value,
                           &s_value.value) != 0) {
    return invalid("ECDSA P-384 does not verify");
  }
  return {};
}

Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, ByteView message, ByteView signature) {
  Rsa rsa;
  if (mbedtls_rsa_import_raw(&rsa.value, key.modulus.data(), key.modulus.size(), nullptr, 0,
                             nullptr, 0, nullptr, 0, key.exponent.data(),
                             key.exponent.size()) != 0 ||
      mbedtls_rsa_complete(&rsa.value) != 0 || mbedtls_rsa_check_pubkey(&rsa.value) != 0) {
    return invalid("the RSA public key is not usable");
  }
  const std::size_t bits = mbedtls_rsa_get_bitlen(&rsa.value);
  if (bits < 2048 || bits > 4096) return invalid("the RSA key is not of 2048 to 4096 bits");
  const std::size_t size = mbedtls_rsa_get_len(&rsa.value);
  if (signature.size() != size) return invalid("the RSA signature has the wrong length");
  const Sha384Digest digest = sha384({message});
  if (mbedtls_rsa_rsassa_pss_verify_ext(&rsa.value, MBEDTLS_MD_SHA384, 48, digest.view().data(),
                                        MBEDTLS_MD_SHA384, 48, signature.data()) != 0) {
    return invalid("RSASSA-PSS does not verify");
  }
  return {};
}

Result<void> hkdf_expand_label(TlsHash hash, ByteView secret, std::string_view label,
                               ByteView context, std::span<std::uint8_t> out) {
  const std::size_t hash_size = hash == TlsHash::sha256 ? 32 : 48;
  if (secret.size() != hash_size || out.size() > 255 || label.size() > 249 ||
      context.size() > 255) {
    return Error(Reason::internal, "HKDF-Expand-Label called with a wrong length");
  }
  const auto* info =
      mbedtls_md_info_from_type(hash == TlsHash::sha256 ? MBEDTLS_MD_SHA256 : MBEDTLS_MD_SHA384);
  const Bytes label_bytes = hkdf_label(label, context, out.size());
  Md md;
  if (mbedtls_md_setup(&md.value, info, 1) != 0) return Error(Reason::internal, "no HMAC");
  Secret<48> block;  // T(i) of RFC 5869, 2.3
  std::size_t done = 0;
  for (std::uint8_t counter = 1; done < out.size(); ++counter) {
    const bool failed = block.fill([&](std::span<std::uint8_t, 48> t) {
      const std::size_t before = counter == 1 ? 0 : hash_size;
      return mbedtls_md_hmac_starts(&md.value, secret.data(), secret.size()) != 0 ||
             mbedtls_md_hmac_update(&md.value, t.data(), before) != 0 ||
             mbedtls_md_hmac_update(&md.value, label_bytes.data(), label_bytes.size()) != 0 ||
             mbedtls_md_hmac_update(&md.value, &counter, 1) != 0 ||
             mbedtls_md_hmac_finish(&md.value, t.data()) != 0;
    });
    if (failed) return Error(Reason::internal, "HMAC failed");
    const std::size_t count = std::min(hash_size, out.size() - done);
    block.expose([&](ByteView t) { copy_bytes(t.first(count), out.subspan(done, count)); });
    done += count;
  }
  return {};
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
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

}  // namespace ratls::crypto
