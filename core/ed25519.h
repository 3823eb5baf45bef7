/// Ed25519 (RFC 8032) and BLAKE2b (RFC 7693), for signatures over files. libsodium's arithmetic.
/// Threads: every function may be called from several threads at once.
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>

namespace ratls::ed25519 {

using PublicKey = FixedBytes<32, struct Ed25519KeyTag>;
using Signature = FixedBytes<64, struct Ed25519SignatureTag>;
/// Seed and public key, as libsodium and minisign lay them out.
using SecretKey = Secret<64>;

/// Refuses keys of small order and signatures that are not in their one canonical form.
/// Errors: `on_error`.
Result<void> verify(const PublicKey& key, ByteView message, const Signature& signature,
                    Reason on_error);

struct KeyPair {
  PublicKey public_key;
  SecretKey secret_key;
};

/// From the system's CSPRNG. Errors: internal.
Result<KeyPair> generate();

Signature sign(const SecretKey& key, ByteView message) noexcept;

using Blake2b512 = FixedBytes<64, struct Blake2b512Tag>;
using Blake2b256 = FixedBytes<32, struct Blake2b256Tag>;

Blake2b512 blake2b_512(ByteView message) noexcept;
/// `message` may be secret.
Blake2b256 blake2b_256(ByteView message) noexcept;

}  // namespace ratls::ed25519
