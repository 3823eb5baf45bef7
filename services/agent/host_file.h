/// What the host may tell a guest: where the broker is, and nothing else.
#pragma once

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/tcp.h>

namespace ratls::agent {

/// The most bytes of a host file.
inline constexpr std::size_t kMaxHostFile = 1024;

/// Reads {"broker":"host:port"}. The host wrote this file and the host is not trusted, so exactly
/// this shape is accepted: one object, that one key once, one string of plain ASCII without
/// escapes. The address is a hint; who answers there is decided by the broker's pin.
/// Errors: invalid_config, which names the key that is too much.
Result<Address> parse_host_file(ByteView json);

}  // namespace ratls::agent
