/// Who the other end of an open channel is.
#pragma once

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
  /// DER SubjectPublicKeyInfo of its certificate in this session.
  [[nodiscard]] ByteView spki() const noexcept { return spki_; }

 private:
  friend class detail::Admission;
  Peer(std::optional<VerifiedPeer> attested, Bytes spki)
      : attested_(std::move(attested)), spki_(std::move(spki)) {}

  std::optional<VerifiedPeer> attested_;
  Bytes spki_;
};

}  // namespace ratls
