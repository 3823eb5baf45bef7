/// Tells systemd how a service is doing: sd_notify(3), without its library.
#pragma once

#include <string_view>

namespace ratls::broker {

/// "READY=1", "STOPPING=1", "STATUS=..."; nothing where no NOTIFY_SOCKET was passed. Best effort.
void notify_manager(std::string_view state);

}  // namespace ratls::broker
