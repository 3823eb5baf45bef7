/// Azure's instance metadata service, and the certificate that its Trusted Hardware Identity
/// Management (THIM) keeps for the machine (Microsoft, "Trusted Hardware Identity Management",
/// AMD endpoints).
///
/// Plain HTTP to a link-local address that the host answers. Nothing it says is believed: the leaf
/// is compared with the report, and the verifier has the roots.
#pragma once

#include <chrono>
#include <cstdint>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

/// Where it is, and how long it may take. The default is 169.254.169.254, port 80.
struct ThimPlace {
  std::uint32_t address = 0xa9fea9fe;  ///< IPv4, the first number in the highest byte
  std::uint16_t port = 80;
  std::chrono::milliseconds limit{2000};  ///< for all of it, from the connection to the last byte
};

/// The most bytes of an answer's body; genuine ones have about 6,000.
inline constexpr std::size_t kMaxThimAnswer = 32768;
/// The most bytes of a leaf, DER: genuine ones have about 1,360, and a larger one might not leave
/// room for the evidence around it.
inline constexpr std::size_t kMaxThimLeaf = 2048;

/// GET /metadata/THIM/amd/certification, by no proxy and following no redirect: the body of a 200.
/// Blocks, at most `limit`. Errors: connection_failed (not reached, cut off, too slow, another
/// status), malformed_http.
Result<Bytes> ask_thim(const ThimPlace& place);

/// The member "vcekCert" of an answer, DER: one JSON object of texts, numbers and words, in which
/// it stands once, as PEM with one certificate. The chain beside it is not read.
/// Errors: malformed_endorsement.
Result<Bytes> read_thim_leaf(ByteView answer);

}  // namespace ratls::detail
