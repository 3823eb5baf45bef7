/// The known answers of the start-up self-test. Signatures and public keys of P-256 and P-384 are
/// RFC 6979's for the message "sample"; everything else was computed with OpenSSL 3, which shares
/// no code with what is tested.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ratls::provider::known {

consteval std::uint8_t nibble(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  return static_cast<std::uint8_t>((c | 0x20) - 'a' + 10);
}

template <std::size_t N>
consteval auto hex(const char (&text)[N]) {
  std::array<std::uint8_t, N / 2> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
  }
  return out;
}

inline constexpr std::array<std::uint8_t, 6> kMessage{'s', 'a', 'm', 'p', 'l', 'e'};
inline constexpr std::array<std::uint8_t, 11> kText{'s', 'a', 'm', 'p', 'l', 'e',
                                                    ' ', 't', 'e', 'x', 't'};
inline constexpr std::array<std::uint8_t, 3> kAad{'a', 'a', 'd'};
// RFC 6979, A.2.5.
inline constexpr auto kP256Private =
    hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
inline constexpr auto kP256Public =
    hex("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc"
        "99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
inline constexpr auto kP256Signature =
    hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41"
        "d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
// Another public key, and the shared secret of both.
inline constexpr auto kP256Peer =
    hex("04e266ddfdc12668db30d4ca3e8f7749432c416044f2d2b8c10bf3d4012aeffa8abfa86404a2e9ff"
        "e67d47c587ef7a97a7f456b863b4d02cfc6928973ab5b1cb39");
inline constexpr auto kP256Shared =
    hex("90223373f75e989ab8965d8cc88f01ceb4c622875861771da7bf1a0faccae374");
// Bytes 0 to 31.
inline constexpr auto kX25519Private =
    hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
inline constexpr auto kX25519Public =
    hex("8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f");
// Private key: bytes 32 to 63.
inline constexpr auto kX25519Peer =
    hex("358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254");
inline constexpr auto kX25519Shared =
    hex("9663aa1da97e848a914a436d04163dfbb89178f107f1b5b77ed3854203382854");
// RFC 6979, A.2.6.
inline constexpr auto kP384Public =
    hex("04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea905586"
        "6064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9d"
        "b1288b231c3ae0d4fe7344fd2533264720");
inline constexpr auto kP384R =
    hex("94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf9"
        "6e36dd1e80fabe46");
inline constexpr auto kP384S =
    hex("99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e"
        "7b82c71a38628ac8");
// Exponent 65537.
inline constexpr auto kRsaModulus =
    hex("f9638dc482e1284bc74602484a017c317a1f2677801a1abe8800b3c66a0e72aa32bf9e21388d4537"
        "2568d371251cef4a7e6cc5cdc5d275958929b2cd1ab8f1007a5f1840e2ef30bed96247ea806e4306"
        "76d4ec91f37d84ed94c5f7aba414514082fdb325337fdb2ca5798bfd051b39c388fa97d4bf7e4a66"
        "16227e21c3466d5116f41acf25174e57bb5fbd1f9b2542fbac823632aaa247f1eb1c4c341ed4c944"
        "04cf066b734a1008b6fea2b20da9e9b27153b64ae24c6a3a6b132e3ee36fbd57a546fd00a6757283"
        "e05205fafac1767ea088409bb321e8485564a78586b7c8369c9887a4ac42162cc1bb74dbe35f0985"
        "8455f7e7d127ddacc237e305d3a5c945");
inline constexpr auto kRsaSignature =
    hex("15ff26b952742451f6ce31cb5a20b210041ecbd85ae2cbe0bb65620edc26a0691fe6a5e0626ac482"
        "e79dc6115817c38fd668ebfe6792ba739892f1f96e201e831299980caa75daa026a1f7972abf5de3"
        "d417e1559df5aa068dbce06b8404f1fab4da80bda75097e079e6db3e248a9e9addd5ce2219605d2a"
        "3b343159ae34a024979a6c5cc062602105b6533bdaef0c5e9cfb3925f1bcca5a2f36d0500cd97fda"
        "30d5b2497c9fd14e8e4b16ec2850df2330747c231281c88181be08e12e96e522cfa2c81dab0e12f1"
        "e2c4242e1dc81dfbd65dc26d85c8eb8e7f4fad5c8710138a05d3eba4aefdcd39862933075b67c150"
        "54ab8d7d42a90b26943477a969902b5d");
// Of "sample".
inline constexpr auto kSha256 =
    hex("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf");
inline constexpr auto kSha384 =
    hex("9a9083505bc92276aec4be312696ef7bf3bf603f4bbd381196a029f340585312313bca4a9b5b890e"
        "fee42c77b1ee25fe");
// Key: bytes 0 to 15, zero nonce, additional data "aad", text "sample text".
inline constexpr auto kGcmSealed = hex("3ab7ea23f5fe86f886f10e1e85f39bf123a490bf294a4132c55a3e");
// The same, key: bytes 0 to 31.
inline constexpr auto kChaChaSealed = hex("6bd92f41c18386a57619289ec726faa6db9d8568d994d76a0878ed");

}  // namespace ratls::provider::known
