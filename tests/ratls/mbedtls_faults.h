/// mbedTLS that does not do what it says: the exporter gives another value, and the callback that
/// judges a certificate is never called. The linker puts mbedtls_faults.cpp between it and the
/// library: link with ratls_mbedtls_faults().
#pragma once

#include <cstdint>

namespace ratls::test {

enum class Exporter : std::uint8_t { honest, other, failing };

/// What the exporter does from now on; `side` is MBEDTLS_SSL_IS_CLIENT or _SERVER. This thread's
/// sessions of that side only.
void set_exporter(Exporter kind, int side);

/// While it lives, sessions that are made never have their certificates judged.
struct LostCallback {
  LostCallback();
  LostCallback(const LostCallback&) = delete;
  LostCallback& operator=(const LostCallback&) = delete;
  ~LostCallback();
};

}  // namespace ratls::test
