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

/// A fresh key; its certificate carries an extension of `extension_size` bytes that means nothing.
Identity make_identity(std::size_t extension_size);

/// One connection, moved forward leg by leg. Each side accepts exactly the other's key, by the hash
/// of its SubjectPublicKeyInfo. The server asks for a certificate where `mutual`.
class PlainPair {
 public:
  PlainPair(bool mutual, const Identity& server);
  /// Up to where the client's certificate is due. Only where mutual.
  void run_to_certificate();
  /// To the end of both sides' handshakes. `client` is null where not mutual.
  void finish(const Identity* client);

 private:
  void exchange();

  std::shared_ptr<Sha256Digest> client_pin_;  // what the server's judge compares with
  std::unique_ptr<detail::TlsEngine> client_;
  std::unique_ptr<detail::TlsEngine> server_;
};

/// The same in one go.
void plain_handshake(const Identity* client, const Identity& server);

}  // namespace ratls::bench
