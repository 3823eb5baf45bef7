/// Exit codes, the same for every program of this project.
#pragma once

#include <ratls/core/error.h>

namespace ratls::examples {

inline constexpr int kOk = 0;
inline constexpr int kRejected = 1;  ///< this side refused the peer
inline constexpr int kUsage = 64;
inline constexpr int kMalformed = 65;
inline constexpr int kNoInput = 66;
inline constexpr int kUnavailable = 69;
inline constexpr int kBug = 70;
inline constexpr int kNoDevice = 71;
inline constexpr int kTryAgain = 75;
inline constexpr int kRefused = 77;  ///< the peer refused this side
inline constexpr int kBadConfig = 78;

/// The code of a failed exchange with a peer.
int exit_code(const Error& error) noexcept;

}  // namespace ratls::examples
