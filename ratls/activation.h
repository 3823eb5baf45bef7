/// Sockets that a service manager opened before it started this program: systemd's socket
/// activation (sd_listen_fds(3)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/tcp.h>

namespace ratls {

/// What the manager said: the values of the variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES,
/// empty where one is not set. The program reads them, since this library reads no environment:
/// they say where sockets are, and never who is accepted.
struct Activation {
  std::string_view pid;    ///< whom the sockets are for, in decimal
  std::string_view fds;    ///< how many there are, in decimal; the first is descriptor 3
  std::string_view names;  ///< FileDescriptorName= of each, with colons between
};

struct InheritedSocket {
  Descriptor socket;
  std::string name;  ///< empty where the manager named none
};

/// Takes over the sockets that were passed to this process, at most 256; none where there are none,
/// or where they are for another process. Call it once: the descriptors have an owner then, and no
/// child inherits them. TcpListener::adopt() makes a listener of one.
/// Errors: invalid_config, where the values contradict each other; not_a_listener, where one of
/// them is no listening stream socket. No descriptor was touched then.
Result<std::vector<InheritedSocket>> inherited_sockets(const Activation& given);

}  // namespace ratls
