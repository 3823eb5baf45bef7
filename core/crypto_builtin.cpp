// The provider `builtin` of core/crypto.h: mbedTLS 3.6 for everything.
#include <algorithm>
#include <array>
#include <cstdlib>

#include <mbedtls/md.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#include <ratls/core/detail/crypto_provider.h>
#include <ratls/core/secret.h>

namespace ratls::crypto::provider {

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

// Frees mbedTLS's HMAC state at the end of its scope.
struct Md {
  Md() noexcept { mbedtls_md_init(&value); }
  Md(const Md&) = delete;
  Md& operator=(const Md&) = delete;
  ~Md() { mbedtls_md_free(&value); }
  mbedtls_md_context_t value;
};

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

Result<void> hkdf_expand(TlsHash hash, ByteView secret, ByteView info,
                         std::span<std::uint8_t> out) {
  const std::size_t hash_size = hash == TlsHash::sha256 ? 32 : 48;
  const auto* md_info =
      mbedtls_md_info_from_type(hash == TlsHash::sha256 ? MBEDTLS_MD_SHA256 : MBEDTLS_MD_SHA384);
  Md md;
  if (mbedtls_md_setup(&md.value, md_info, 1) != 0) return Error(Reason::internal, "no HMAC");
  Secret<48> block;  // T(i) of RFC 5869, 2.3
  std::size_t done = 0;
  for (std::uint8_t counter = 1; done < out.size(); ++counter) {
    const bool failed = block.fill([&](std::span<std::uint8_t, 48> t) {
      const std::size_t before = counter == 1 ? 0 : hash_size;
      return mbedtls_md_hmac_starts(&md.value, secret.data(), secret.size()) != 0 ||
             mbedtls_md_hmac_update(&md.value, t.data(), before) != 0 ||
             mbedtls_md_hmac_update(&md.value, info.data(), info.size()) != 0 ||
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

Result<void> verify_p384(const P384Point& key, const Sha384Digest& digest, const P384Scalar& r,
                         const P384Scalar& s) {
  return builtin::verify_p384(key, digest, r, s);
}

Result<void> verify_rsa_pss_sha384(const RsaPublicKey& key, const Sha384Digest& digest,
                                   ByteView signature) {
  return builtin::verify_rsa_pss_sha384(key, digest, signature);
}

}  // namespace ratls::crypto::provider
