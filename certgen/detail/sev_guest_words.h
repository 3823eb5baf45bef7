/// What the codes of /dev/sev-guest mean, in words.
#pragma once

#include <cstdint>
#include <string>

namespace ratls::detail {

/// A status of the firmware (AMD 56860, status codes; linux/psp-sev.h).
std::string firmware_words(std::uint32_t code);

/// What the host answered in place of the firmware (GHCB specification 2.0; linux/sev-guest.h).
std::string host_words(std::uint32_t code);

/// An errno of the driver, and what it means for the next request.
std::string driver_words(int code);

}  // namespace ratls::detail
