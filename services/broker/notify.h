/// Tells systemd how the broker is doing.
#pragma once

#include <ratls/services/io/notify.h>

namespace ratls::broker {

using io::notify_manager;

}  // namespace ratls::broker
