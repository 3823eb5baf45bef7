#include "mbedtls_faults.h"

#include <cstddef>

#include <mbedtls/ssl.h>

namespace {

using ratls::test::Exporter;

thread_local Exporter exporter = Exporter::honest;
thread_local int wrong_side = MBEDTLS_SSL_IS_CLIENT;
thread_local bool callback_lost = false;

using Verify = int (*)(void*, mbedtls_x509_crt*, int, std::uint32_t*);

}  // namespace

extern "C" {

int __real_ratls_mbedtls_ssl_export_keying_material(mbedtls_ssl_context* ssl, std::uint8_t* out,
                                                    std::size_t size, const char* label,
                                                    std::size_t label_size,
                                                    const unsigned char* context,
                                                    std::size_t context_size, int use_context);
void __real_ratls_mbedtls_ssl_conf_verify(mbedtls_ssl_config* config, Verify verify, void* context);

int __wrap_ratls_mbedtls_ssl_export_keying_material(mbedtls_ssl_context* ssl, std::uint8_t* out,
                                                    std::size_t size, const char* label,
                                                    std::size_t label_size,
                                                    const unsigned char* context,
                                                    std::size_t context_size, int use_context) {
  const int failed = __real_ratls_mbedtls_ssl_export_keying_material(
      ssl, out, size, label, label_size, context, context_size, use_context);
  const bool here = mbedtls_ssl_context_get_config(ssl)->private_endpoint == wrong_side;
  if (!here || exporter == Exporter::honest) return failed;
  out[0] ^= 1U;
  return exporter == Exporter::failing ? MBEDTLS_ERR_SSL_BAD_CONFIG : failed;
}

void __wrap_ratls_mbedtls_ssl_conf_verify(mbedtls_ssl_config* config, Verify verify,
                                          void* context) {
  if (callback_lost) return;
  __real_ratls_mbedtls_ssl_conf_verify(config, verify, context);
}

}  // extern "C"

namespace ratls::test {

void set_exporter(Exporter kind, int side) {
  exporter = kind;
  wrong_side = side;
}

LostCallback::LostCallback() {
  callback_lost = true;
}

LostCallback::~LostCallback() {
  callback_lost = false;
}

}  // namespace ratls::test
