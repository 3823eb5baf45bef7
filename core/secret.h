/// Secrets: loud to open, silent to drop.
///
/// Neither type can be copied, compared with ==, printed, or read except through expose(), so that
/// one search for `expose(` is the audit. Compare with equal_ct() inside expose().
/// Threads: one owner at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// Overwrites memory with zeros in a way that the optimiser must keep.
void wipe(std::span<std::uint8_t> memory) noexcept;

/// N secret bytes on the stack, for a short while; wiped by the destructor and when moved from.
template <std::size_t N>
class Secret {
 public:
  /// All zero, to be filled through `fill`.
  Secret() noexcept = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  /// Calls `fn(std::span<std::uint8_t, N>)` to write the secret in place.
  template <class F>
  decltype(auto) fill(F&& fn) {
    return std::forward<F>(fn)(std::span<std::uint8_t, N>(bytes_));
  }
  /// Calls `fn(ByteView)`; the view must not outlive the call.
  template <class F>
  decltype(auto) expose(F&& fn) const {
    return std::forward<F>(fn)(ByteView(bytes_));
  }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

/// Secret bytes of any size in libsodium's guarded memory: guard pages around, locked into RAM,
/// left out of core dumps, wiped when freed. One allocation takes about 30 us and four mappings:
/// for the secrets that a process holds, not for every record.
class SecretBytes {
 public:
  /// Empty.
  SecretBytes() noexcept = default;
  /// A copy of `bytes`; the caller wipes the source. Errors: io_error where guarded memory is
  /// not to be had (locked-memory limit).
  static Result<SecretBytes> copy_of(ByteView bytes);
  /// Moves `bytes` into guarded memory and wipes them.
  static Result<SecretBytes> take(Bytes&& bytes);

  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Calls `fn(ByteView)`; the view must not outlive the call.
  template <class F>
  decltype(auto) expose(F&& fn) const {
    return std::forward<F>(fn)(ByteView(memory_, size_));
  }

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ratls
