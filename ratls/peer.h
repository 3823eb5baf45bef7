/// Who the other end of an open channel is.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <ratls/core/bytes.h>
#include <ratls/verify/evidence.h>

namespace ratls {

namespace detail {
class Admission;
}

/// A peer that was authenticated: by evidence, by its pinned key, or by a CA. Made by the handshake
/// only; move-only.
class Peer {
 public:
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  Peer(Peer&&) noexcept = default;
  Peer& operator=(Peer&&) noexcept = default;

  /// What its evidence proved; null where it was authenticated by its key or a CA.
  [[nodiscard]] const VerifiedPeer* attested() const noexcept {
    return attested_ ? &*attested_ : nullptr;
  }
  /// DER SubjectPublicKeyInfo of its certificate in this session; where that was resumed, in the
  /// one that it goes back to.
  [[nodiscard]] ByteView spki() const noexcept { return spki_; }
  /// Set where the session was resumed: how long ago the peer was authenticated in full. In this
  /// session it has proved that it holds the PSK of a ticket, and no more (docs/protocol.md,
  /// section 9).
  [[nodiscard]] std::optional<std::chrono::seconds> resumed_after() const noexcept {
    return resumed_after_;
  }

 private:
  friend class detail::Admission;
  Peer(std::optional<VerifiedPeer> attested, Bytes spki,
       std::optional<std::chrono::seconds> resumed_after = std::nullopt)
      : attested_(std::move(attested)), spki_(std::move(spki)), resumed_after_(resumed_after) {}

  std::optional<VerifiedPeer> attested_;
  Bytes spki_;
  std::optional<std::chrono::seconds> resumed_after_;
};

}  // namespace ratls
