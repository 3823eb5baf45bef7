/// A TLS leaf with simulated evidence, as an attester makes it.
#pragma once

#include <ratls/certgen/leaf.h>
#include <ratls/core/claims.h>
#include <ratls/core/merkle.h>

#include "tests/verify/simulated.h"

namespace ratls::test {

struct LeafOptions {
  Role role = Role::client;
  Level level = Level::exporter;
  /// Changes the claims before they are covered by REPORT_DATA.
  std::function<void(Claims&)> claims = [](auto&) {};
  /// Changes the evidence afterwards.
  std::function<void(EvidenceEnvelope&)> envelope = [](auto&) {};
  SimulatedOptions world;
};

class SimulatedLeaf {
 public:
  explicit SimulatedLeaf(LeafOptions options = {}) : key(SigningKey::generate().value()) {
    Claims claims;
    claims.role = options.role;
    claims.level = options.level;
    if (claims.level != Level::key) claims.binder = Binder(std::array<std::uint8_t, 48>{1, 2, 3});
    claims.pubkey_hash = hash_spki(key.spki());
    options.claims(claims);
    EvidenceEnvelope envelope;
    envelope.claims = claims.encode().value();
    options.world.report_data = report_data_for(merkle::leaf(envelope.claims));
    world.emplace(options.world);
    envelope.report = world->report;
    envelope.endorsement = world->endorsement;
    options.envelope(envelope);
    evidence = envelope.encode().value();
    der = make_leaf(key, evidence).value();
  }

  SigningKey key;
  std::optional<Simulated> world;
  Bytes evidence;  ///< CBOR
  Bytes der;
};

}  // namespace ratls::test
