/// The sockets that systemd passed to this process.
#pragma once

#include <vector>

#include <ratls/activation.h>

namespace ratls::cli {

/// Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. Errors: those of inherited_sockets().
Result<std::vector<InheritedSocket>> sockets_of_manager();

}  // namespace ratls::cli
