// Every bit of genuine-looking evidence, flipped: never accepted.
#include <catch2/catch_test_macros.hpp>

#include <ratls/core/evidence.h>

#include "attested_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;

namespace {

struct Bound {
  Bytes spki;
  Binder binder;
  Bytes evidence;
  [[nodiscard]] SessionView view() const {
    return SessionView{spki, Role::client, Level::exporter, binder};
  }
};

Bound bound_evidence(const AttestedWorld& world) {
  const SigningKey key = SigningKey::generate().value();
  Bound out;
  out.spki.assign(key.spki().begin(), key.spki().end());
  out.binder = *Binder::from(Bytes(48, 0x42));
  auto pending =
      world.guest().begin(Role::client, Level::exporter, out.binder, hash_spki(out.spki));
  out.evidence = pending.take().value();
  return out;
}

}  // namespace

TEST_CASE("no evidence with a flipped bit is accepted, whichever bit it is") {
  AttestedWorld world;
  Bound bound = bound_evidence(world);
  REQUIRE(world.verifier()->verify(bound.evidence, bound.view()).accepted);
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < bound.evidence.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    bound.evidence[bit / 8] ^= mask;
    const auto outcome = world.verifier()->verify(bound.evidence, bound.view());
    if (outcome.accepted || outcome.verdict.accepted || !outcome.verdict.reason) {
      ++accepted;
      UNSCOPED_INFO("bit " << bit % 8 << " of byte " << bit / 8);
    }
    bound.evidence[bit / 8] ^= mask;
  }
  CHECK(accepted == 0);
  CHECK(world.verifier()->verify(bound.evidence, bound.view()).accepted);
}

TEST_CASE("no shortened or lengthened evidence is accepted") {
  AttestedWorld world;
  const Bound bound = bound_evidence(world);
  for (std::size_t size = 0; size < bound.evidence.size(); ++size) {
    const auto outcome =
        world.verifier()->verify(ByteView(bound.evidence).first(size), bound.view());
    REQUIRE_FALSE(outcome.accepted);
  }
  Bytes longer = bound.evidence;
  longer.push_back(0);
  CHECK_FALSE(world.verifier()->verify(longer, bound.view()).accepted);
}

TEST_CASE("evidence is accepted by nobody else's view of the session") {
  AttestedWorld world;
  const Bound bound = bound_evidence(world);
  SessionView other_key = bound.view();
  const Bytes spki(91, 0x30);
  other_key.peer_spki = spki;
  SessionView other_binder = bound.view();
  other_binder.binder = *Binder::from(Bytes(48, 0x43));
  SessionView other_role = bound.view();
  other_role.role = Role::post_handshake_client;
  for (const SessionView& view : {other_key, other_binder, other_role}) {
    const auto outcome = world.verifier()->verify(bound.evidence, view);
    CHECK_FALSE(outcome.accepted);
    CHECK(outcome.verdict.reason == Reason::binding_mismatch);
  }
}
