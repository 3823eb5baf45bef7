#include <openssl/ssl.h>

int other_library_works(void);

int other_library_works(void) {
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  const int works = context != NULL;
  SSL_CTX_free(context);
  return works;
}
