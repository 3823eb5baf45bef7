#include "plain_tls.h"

#include <ratls/core/crypto.h>
#include <ratls/core/der.h>
#include <ratls/core/evidence.h>
#include <ratls/core/x509.h>

#include "must.h"

namespace ratls::bench {

using detail::Side;
using detail::TlsEngine;

namespace {

// What AcceptKey does in a session: each side knows the other by its key.
Result<void> judge(const detail::PeerLeaf& leaf, const Sha256Digest& pin) {
  RATLS_TRY(const auto certificate, Certificate::parse(leaf.der, Reason::malformed_certificate));
  const Sha256Digest shown = crypto::sha256({certificate.spki()});
  if (equal_ct(shown.view(), pin.view())) return {};
  return Error(Reason::pin_mismatch);
}

std::unique_ptr<TlsEngine> engine(Side side, bool mutual, const Sha256Digest& pin) {
  detail::TlsOptions options;
  options.side = side;
  options.ask_for_certificate = mutual;
  options.judge = [pin](const detail::PeerLeaf& leaf) { return judge(leaf, pin); };
  return must(TlsEngine::create(std::move(options)));
}

Sha256Digest pin_of(const Identity& identity) {
  return crypto::sha256({identity.key.spki()});
}

void pump(TlsEngine& from, TlsEngine& to) {
  from.consumed(to.feed(from.output()));
}

}  // namespace

Bytes make_certificate(const SigningKey& key, std::size_t extension_size) {
  const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.4.3.2")});
  const Bytes cn = der::sequence({der::oid("2.5.4.3"), der::utf8_string("dummy")});
  const Bytes name = der::sequence({der::set({cn})});
  const Bytes validity = der::sequence({der::time({0}), der::time({4'000'000'000})});
  const Bytes content(extension_size, 0x5a);
  const Bytes dummy =
      der::sequence({der::oid(kEvidenceOid), der::octet_string(der::octet_string(content))});
  const Bytes tbs =
      der::sequence({der::explicit_tag(0, der::integer(2)), der::integer(7), algorithm, name,
                     validity, name, key.spki(), der::explicit_tag(3, der::sequence({dummy}))});
  const Bytes signature = must(key.sign_sha256(tbs));
  return der::sequence({tbs, algorithm, der::bit_string(signature)});
}

Identity make_identity(std::size_t extension_size) {
  SigningKey key = must(SigningKey::generate());
  Bytes certificate = make_certificate(key, extension_size);
  return Identity{std::move(key), std::move(certificate)};
}

void plain_handshake(const Identity* client, const Identity& server) {
  const bool mutual = client != nullptr;
  const Sha256Digest no_pin;
  auto near = engine(Side::client, mutual, pin_of(server));
  auto far = engine(Side::server, mutual, mutual ? pin_of(*client) : no_pin);
  if (mutual) must(near->set_own_certificate(client->key, client->certificate));
  must(far->set_own_certificate(server.key, server.certificate));
  for (bool over = false; !over;) {
    const auto at_client = must(near->handshake());
    pump(*near, *far);
    const auto at_server = must(far->handshake());
    pump(*far, *near);
    over = at_client == TlsEngine::Progress::over && at_server == TlsEngine::Progress::over;
  }
}

}  // namespace ratls::bench
