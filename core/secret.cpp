#include <ratls/core/secret.h>

#include <sodium.h>
#include <sys/mman.h>

namespace ratls {

void wipe(std::span<std::uint8_t> memory) noexcept {
  if (!memory.empty()) sodium_memzero(memory.data(), memory.size());
}

Result<SecretBytes> SecretBytes::copy_of(ByteView bytes) {
  SecretBytes out;
  if (bytes.empty()) return out;
  // sodium_init is idempotent and thread-safe; sodium_malloc's canary needs it.
  if (sodium_init() < 0) return Error(Reason::internal, "libsodium did not initialise");
  auto* memory = static_cast<std::uint8_t*>(sodium_malloc(bytes.size()));
  if (memory == nullptr) {
    return Error(Reason::io_error, "no guarded memory for a secret; raise the memlock limit");
  }
  // sodium_malloc() goes on where it could not lock; locking what is locked costs nothing.
  if (::mlock(memory, bytes.size()) != 0) {
    sodium_free(memory);
    return Error(Reason::io_error,
                 "a secret cannot be locked into memory; raise the memlock limit "
                 "(ulimit -l, LimitMEMLOCK= in a systemd unit)");
  }
  copy_bytes(bytes, {memory, bytes.size()});
  if (sodium_mprotect_readonly(memory) != 0) {
    sodium_free(memory);
    return Error(Reason::io_error, "guarded memory cannot be made read-only");
  }
  out.memory_ = memory;
  out.size_ = bytes.size();
  return out;
}

Result<SecretBytes> SecretBytes::take(Bytes&& bytes) {
  auto out = copy_of(bytes);
  wipe(bytes);
  bytes.clear();
  return out;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  // What was held is freed and wiped here, not whenever `other` ends.
  SecretBytes taken(std::move(other));
  std::swap(memory_, taken.memory_);
  std::swap(size_, taken.size_);
  return *this;
}

SecretBytes::~SecretBytes() {
  if (memory_ != nullptr) sodium_free(memory_);
}

}  // namespace ratls
