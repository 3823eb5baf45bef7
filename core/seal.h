/// Sealing what is kept on disk: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). libsodium's.
/// Threads: every function may be called from several threads at once.
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::seal {

inline constexpr std::size_t kKeySize = 32;
/// What sealing adds: a random nonce of 24 bytes in front, a tag of 16 behind.
inline constexpr std::size_t kOverhead = 40;

using Key = Secret<kKeySize>;

/// A key of the system's CSPRNG.
Key generate_key() noexcept;

/// Seals `value`. Whoever opens it must give the same `associated`: what the value is and where it
/// belongs, so that it opens nowhere else. The nonce is random, and 24 bytes are enough for any
/// number of values under one key.
Bytes seal(const Key& key, const SecretBytes& value, ByteView associated);
/// The same of a value that is on the stack for a moment.
Bytes seal(const Key& key, ByteView value, ByteView associated);

/// The value, in guarded memory; what it passed through is wiped. Errors: `on_error` where key,
/// associated data or any byte differ; io_error where guarded memory is not to be had.
Result<SecretBytes> open(const Key& key, ByteView sealed, ByteView associated, Reason on_error);

/// The same into `out`, on the stack for a moment; says how many bytes. Errors: `on_error`, with
/// `out` wiped where the seal does not hold, and untouched where it is too small.
Result<std::size_t> open_into(const Key& key, ByteView sealed, ByteView associated,
                              std::span<std::uint8_t> out, Reason on_error);

}  // namespace ratls::seal
