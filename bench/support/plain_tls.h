/// TLS of the same library and profile without any attestation: the measure of what that adds.
#pragma once

#include <memory>

#include <ratls/core/signing_key.h>
#include <ratls/detail/tls_engine.h>

namespace ratls::bench {

/// A key and a self-signed certificate.
struct Identity {
  SigningKey key;
  Bytes certificate;  ///< DER
};

/// A self-signed certificate with an extension of `extension_size` bytes that means nothing. DER.
Bytes make_certificate(const SigningKey& key, std::size_t extension_size);

/// A fresh key; its certificate is as make_certificate() makes it.
Identity make_identity(std::size_t extension_size);

/// One handshake of two TLS engines, without sessions. Each side accepts exactly the other's key,
/// by the hash of its SubjectPublicKeyInfo. One-way where `client` is null.
void plain_handshake(const Identity* client, const Identity& server);

}  // namespace ratls::bench
