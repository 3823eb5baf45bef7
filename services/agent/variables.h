/// The environment of the agent's program: made from nothing, never inherited.
#pragma once

#include <map>
#include <string>

#include <ratls/services/agent/guest_config.h>

namespace ratls::agent {

/// What a placeholder key says, to whoever finds it in a log.
inline constexpr std::string_view kPlaceholder = "ratls-holds-the-key";

/// PATH, HOME and LANG; the image's own variables (agent.env); telemetry off; where there is an
/// egress, the variables by which LLM clients find it; and for each secret its name, with a
/// placeholder where the program does not get it. Later ones win, so no file of the image can point
/// the clients elsewhere. `home` may be empty.
std::map<std::string, std::string> variables_for(const GuestConfig& config,
                                                 const std::string& home);

}  // namespace ratls::agent
