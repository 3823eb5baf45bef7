/// A simulated peer's evidence in a session, and the verifier's view of that session.
#pragma once

#include <ratls/core/merkle.h>
#include <ratls/core/signing_key.h>

#include "tests/verify/simulated.h"

namespace ratls::test {

/// One report that stands for `sessions` sessions, by a Merkle tree.
class SharedReport {
 public:
  explicit SharedReport(
      std::size_t sessions = 1,
      const std::function<void(EvidenceEnvelope&)>& change = [](auto&) {}) {
    std::vector<merkle::Node> leaves;
    std::vector<Bytes> claims;
    for (std::size_t i = 0; i < sessions; ++i) {
      claims.push_back(claims_of(i).encode().value());
      leaves.push_back(merkle::leaf(claims.back()));
    }
    const auto tree = merkle::build(leaves).value();
    SimulatedOptions options;
    options.report_data = report_data_for(tree.root);
    world.emplace(options);
    for (std::size_t i = 0; i < sessions; ++i) {
      EvidenceEnvelope envelope;
      envelope.report = world->report;
      envelope.endorsement = world->endorsement;
      envelope.claims = claims[i];
      if (sessions > 1) envelope.path = tree.paths[i].encode().value();
      change(envelope);
      evidence.push_back(envelope.encode().value());
    }
  }

  static SessionView view(std::size_t session) {
    SessionView out;
    out.peer_spki = spki();
    out.role = Role::client;
    out.minimum = Level::exporter;
    out.binder = binder(session);
    return out;
  }

  std::optional<Simulated> world;
  std::vector<Bytes> evidence;  ///< one of each session

 private:
  static const Bytes& spki() {
    static const Bytes shared(91, 0x5a);
    return shared;
  }
  static Binder binder(std::size_t session) {
    return Binder(std::array<std::uint8_t, 48>{1, 2, 3, static_cast<std::uint8_t>(session)});
  }
  static Claims claims_of(std::size_t session) {
    Claims out;
    out.role = Role::client;
    out.level = Level::exporter;
    out.pubkey_hash = hash_spki(spki());
    out.binder = binder(session);
    return out;
  }
};

/// A clock that a test can turn.
class TurnableClock final : public Clock {
 public:
  [[nodiscard]] std::optional<Timestamp> now() const override { return moment; }
  std::optional<Timestamp> moment = kNow;
};

}  // namespace ratls::test
