// The public-key operations that a handshake and its evidence are made of, each through the door by
// which the library reaches it. Those of evidence are in verification.cpp.
#include <benchmark/benchmark.h>

#include <psa/crypto.h>

#include <ratls/core/signing_key.h>

#include "support/must.h"

namespace {

using namespace ratls;
using bench::die;
using bench::must;

constexpr psa_algorithm_t kEcdsa = PSA_ALG_ECDSA(PSA_ALG_SHA_256);

void must_psa(psa_status_t status) {
  if (status != PSA_SUCCESS) die(Error(Reason::internal, "PSA says " + std::to_string(status)));
}

psa_key_id_t generate(psa_ecc_family_t family, std::size_t bits, psa_algorithm_t algorithm,
                      psa_key_usage_t usage) {
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(family));
  psa_set_key_bits(&attributes, bits);
  psa_set_key_algorithm(&attributes, algorithm);
  psa_set_key_usage_flags(&attributes, usage);
  psa_key_id_t id = 0;
  must_psa(psa_generate_key(&attributes, &id));
  return id;
}

Bytes public_key(psa_key_id_t id) {
  Bytes out(PSA_EXPORT_PUBLIC_KEY_MAX_SIZE);
  std::size_t size = 0;
  must_psa(psa_export_public_key(id, out.data(), out.size(), &size));
  out.resize(size);
  return out;
}

// Private and public half, as a key_share needs both.
void key_pairs(benchmark::State& state, psa_ecc_family_t family, std::size_t bits) {
  must_psa(psa_crypto_init());
  for (auto _ : state) {
    const psa_key_id_t id = generate(family, bits, PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE);
    benchmark::DoNotOptimize(public_key(id));
    must_psa(psa_destroy_key(id));
  }
}

void agree(benchmark::State& state, psa_ecc_family_t family, std::size_t bits) {
  must_psa(psa_crypto_init());
  const psa_key_id_t mine = generate(family, bits, PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE);
  const psa_key_id_t theirs = generate(family, bits, PSA_ALG_ECDH, PSA_KEY_USAGE_DERIVE);
  const Bytes peer = public_key(theirs);
  Bytes shared(32);
  std::size_t size = 0;
  for (auto _ : state) {
    must_psa(psa_raw_key_agreement(PSA_ALG_ECDH, mine, peer.data(), peer.size(), shared.data(),
                                   shared.size(), &size));
  }
  must_psa(psa_destroy_key(mine));
  must_psa(psa_destroy_key(theirs));
}

void p256_sign(benchmark::State& state) {
  must_psa(psa_crypto_init());
  const psa_key_id_t id = generate(PSA_ECC_FAMILY_SECP_R1, 256, kEcdsa, PSA_KEY_USAGE_SIGN_HASH);
  const Bytes digest(32, 0x5a);
  Bytes signature(64);
  std::size_t size = 0;
  for (auto _ : state) {
    must_psa(psa_sign_hash(id, kEcdsa, digest.data(), digest.size(), signature.data(),
                           signature.size(), &size));
  }
  must_psa(psa_destroy_key(id));
}

void p256_verify(benchmark::State& state) {
  must_psa(psa_crypto_init());
  const psa_key_id_t id = generate(PSA_ECC_FAMILY_SECP_R1, 256, kEcdsa,
                                   PSA_KEY_USAGE_SIGN_HASH | PSA_KEY_USAGE_VERIFY_HASH);
  const Bytes digest(32, 0x5a);
  Bytes signature(64);
  std::size_t size = 0;
  must_psa(psa_sign_hash(id, kEcdsa, digest.data(), digest.size(), signature.data(),
                         signature.size(), &size));
  for (auto _ : state) {
    must_psa(psa_verify_hash(id, kEcdsa, digest.data(), digest.size(), signature.data(), size));
  }
  must_psa(psa_destroy_key(id));
}

// The key of one attested session, as the library makes it: a pair, its public half, its SPKI.
void session_key(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(must(SigningKey::generate()));
}

#define RATLS_CURVE_ROW(name, row, family, bits) \
  BENCHMARK_CAPTURE(row, name, family, bits)->Name(#name)->Unit(benchmark::kMicrosecond)
RATLS_CURVE_ROW(x25519_key_pair, key_pairs, PSA_ECC_FAMILY_MONTGOMERY, 255);
RATLS_CURVE_ROW(x25519_agree, agree, PSA_ECC_FAMILY_MONTGOMERY, 255);
RATLS_CURVE_ROW(p256_key_pair, key_pairs, PSA_ECC_FAMILY_SECP_R1, 256);
RATLS_CURVE_ROW(p256_agree, agree, PSA_ECC_FAMILY_SECP_R1, 256);
BENCHMARK(p256_sign)->Unit(benchmark::kMicrosecond);
BENCHMARK(p256_verify)->Unit(benchmark::kMicrosecond);
BENCHMARK(session_key)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
