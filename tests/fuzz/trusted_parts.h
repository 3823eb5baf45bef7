/// The input of the targets behind a trusted key: a simulator's public keys come with it, so that
/// its seeds are accepted and what follows a genuine signature is reached.
#pragma once

#include <array>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/verify/verifier.h>

#include "fuzz.h"

namespace ratls::fuzz {

/// When the seeds were made: 2026-11-23T00:00:00Z.
inline constexpr Timestamp kSeedTime{1'795'392'000};

/// One byte for the product line, then six parts, each behind its length (u16, big-endian): ARK,
/// ASK and ASVK as SubjectPublicKeyInfo, report, endorsement, revocation list. Views.
struct TrustedParts {
  SimulatorRoot root;
  ByteView report;
  ByteView endorsement;
  ByteView crl;

  static std::optional<TrustedParts> read(ByteView input) {
    if (input.empty()) return std::nullopt;
    TrustedParts out;
    out.root.line = static_cast<snp::ProductLine>(input.front() % 3);
    input = input.subspan(1);
    std::array<ByteView, 6> parts;
    for (ByteView& part : parts) {
      if (input.size() < 2) return std::nullopt;
      const std::size_t size = (std::size_t{input[0]} << 8U) | input[1];
      if (input.size() - 2 < size) return std::nullopt;
      part = input.subspan(2, size);
      input = input.subspan(2 + size);
    }
    out.root.ark.assign(parts[0].begin(), parts[0].end());
    out.root.ask.assign(parts[1].begin(), parts[1].end());
    out.root.asvk.assign(parts[2].begin(), parts[2].end());
    out.report = parts[3];
    out.endorsement = parts[4];
    out.crl = parts[5];
    return out;
  }
};

/// Accepts the guest of the report, if it is genuine, and demands a list where one is given.
inline Result<Policy> policy_for(const TrustedParts& parts) {
  const auto code = *snp::Measurement::from(parts.report.subspan(0x90, 48));
  return Policy::allow_only("guest", Covers::image, {code})
      .tcb_floor(snp::Product::milan, {std::nullopt, 0, 0, 0, 0})
      .tcb_floor(snp::Product::genoa, {std::nullopt, 0, 0, 0, 0})
      .tcb_floor(snp::Product::turin, {0, 0, 0, 0, 0})
      .any_chip()
      .any_platform()
      .revocation(parts.crl.empty() ? Revocation::accept_missing() : Revocation::require(48))
      .dangerously_accept_milan()
      .vlek_of({"CN=simulator.invalid"})
      .dangerously_trust_simulator(parts.root)
      .build();
}

}  // namespace ratls::fuzz
