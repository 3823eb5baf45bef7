// Where mbedTLS's PSA takes its random numbers from (MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG): the kernel,
// through libsodium, as crypto::random() does. docs/decisions/0013-random-numbers.md says why.
#include <psa/crypto.h>

#include <sodium.h>

// Declared by psa/crypto_extra.h. Its name is renamed with those of mbedTLS.
extern "C" psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t*,
                                                        uint8_t* output, size_t output_size,
                                                        size_t* output_length) {
  // Idempotent and safe on any thread, which the generator's own first use is not.
  static const bool ready = sodium_init() >= 0;
  *output_length = 0;
  if (!ready) return PSA_ERROR_INSUFFICIENT_ENTROPY;
  randombytes_buf(output, output_size);  // getrandom(2); ends the process where there is none
  *output_length = output_size;
  return PSA_SUCCESS;
}
