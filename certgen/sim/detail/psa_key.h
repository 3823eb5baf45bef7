/// A PSA key that is destroyed with its owner.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::sim::detail {

class PsaKey {
 public:
  explicit PsaKey(std::uint32_t id) noexcept : id_(id) {}
  PsaKey(const PsaKey&) = delete;
  PsaKey& operator=(const PsaKey&) = delete;
  PsaKey(PsaKey&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  PsaKey& operator=(PsaKey&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~PsaKey();

  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  /// The public key in PSA's format: RSAPublicKey DER, or an uncompressed point.
  [[nodiscard]] Result<Bytes> public_key() const;

 private:
  std::uint32_t id_;
};

/// `status` is a psa_status_t. Errors: internal, naming `what`, unless it is PSA_SUCCESS.
Result<void> check_psa(std::int32_t status, std::string_view what);

}  // namespace ratls::sim::detail
