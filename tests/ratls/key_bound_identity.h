/// Evidence over a TLS key and no session (level 0), as `ratls cert new` makes it.
#pragma once

#include <sys/stat.h>

#include <ratls/certgen/leaf.h>
#include <ratls/core/base64.h>

#include "attested_world.h"

namespace ratls::test {

inline std::string pem_certificate(ByteView der) {
  return "-----BEGIN CERTIFICATE-----\n" + to_base64(der) + "\n-----END CERTIFICATE-----\n";
}

/// Made by the world's guest, written to two files and read again, as a program would.
inline std::shared_ptr<const CertificateIdentity> key_bound_identity(const AttestedWorld& world,
                                                                     Role role) {
  const TemporaryFolder folder;
  const SecretBytes pem = SigningKey::generate_pem().value();
  const SigningKey key = SigningKey::import_pem(pem).value();
  auto pending = world.guest().begin(role, Level::key, std::nullopt, hash_spki(key.spki()));
  const Bytes evidence = pending.take().value();
  const Bytes certificate = make_leaf(key, ByteView(evidence)).value();
  pem.expose([&](ByteView text) {
    write_file(folder.file("key.pem"), text);
    return 0;
  });
  ::chmod(folder.file("key.pem").c_str(), 0600);
  write_file(folder.file("cert.pem"), as_bytes(pem_certificate(certificate)));
  return std::make_shared<const CertificateIdentity>(
      CertificateIdentity::load_pair(folder.file("key.pem"), folder.file("cert.pem")).value());
}

}  // namespace ratls::test
