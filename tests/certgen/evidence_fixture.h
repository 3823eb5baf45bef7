/// Requests, and a look at the evidence that comes back.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/evidence_queue.h>
#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/merkle.h>

namespace ratls::test {

/// A level 3 request of a client; other numbers have other keys.
inline EvidenceRequest request(std::uint32_t number) {
  const std::string text = std::to_string(number);
  EvidenceRequest made;
  made.level = Level::exporter;
  made.binder = Binder(crypto::sha384({as_bytes("binder"), as_bytes(text)}).array());
  made.spki_hash = hash_spki(as_bytes(text));
  return made;
}

/// The evidence's claims are those of `asked`, and its report vouches for them.
inline void check_vouches(const Bytes& evidence, const EvidenceRequest& asked) {
  const auto envelope = EvidenceEnvelope::decode(evidence);
  REQUIRE(envelope.has_value());
  const auto claims = Claims::decode(envelope->claims);
  REQUIRE(claims.has_value());
  CHECK(claims->role == asked.role);
  CHECK(claims->level == asked.level);
  CHECK(claims->binder == asked.binder);
  CHECK(claims->pubkey_hash == asked.spki_hash);
  merkle::Path path;
  if (envelope->path) {
    const auto decoded = merkle::Path::decode(*envelope->path);
    REQUIRE(decoded.has_value());
    path = *decoded;
  }
  const auto root = merkle::fold(merkle::leaf(envelope->claims), path);
  const ByteView stands = ByteView(envelope->report).subspan(0x50, 64);
  CHECK(equal_ct(stands, report_data_for(root).view()));
}

}  // namespace ratls::test
