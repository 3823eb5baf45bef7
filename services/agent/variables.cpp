#include <ratls/services/agent/variables.h>

#include <array>
#include <utility>

namespace ratls::agent {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Each of these programs would otherwise send what it sees to somebody else.
constexpr std::array<Pair, 10> kTelemetryOff{{{"CREWAI_DISABLE_TELEMETRY", "true"},
                                              {"CREWAI_DISABLE_TRACKING", "true"},
                                              {"CREWAI_TRACING_ENABLED", "false"},
                                              {"CREWAI_DISABLE_VERSION_CHECK", "true"},
                                              {"OTEL_SDK_DISABLED", "true"},
                                              {"LANGSMITH_TRACING", "false"},
                                              {"LANGCHAIN_TRACING_V2", "false"},
                                              {"ANONYMIZED_TELEMETRY", "False"},
                                              {"POSTHOG_DISABLED", "1"},
                                              {"DO_NOT_TRACK", "1"}}};

void point_clients(const EgressSpec& egress, std::map<std::string, std::string>& out) {
  const std::string root = "http://" + egress.listen.text();
  // Clients differ in which of the two they read, and some prefer the one over the other.
  out["OPENAI_BASE_URL"] = out["OPENAI_API_BASE"] = root + "/v1";
  out["ANTHROPIC_BASE_URL"] = root;
  // Empty keys are refused by the clients before they ask anybody.
  out["OPENAI_API_KEY"] = out["ANTHROPIC_API_KEY"] = std::string(kPlaceholder);
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    std::string& value = out[name];
    value += value.empty() ? "127.0.0.1,localhost" : ",127.0.0.1,localhost";
  }
  if (!egress.tunnels.empty()) out["HTTPS_PROXY"] = out["https_proxy"] = root;
}

}  // namespace

std::map<std::string, std::string> variables_for(const GuestConfig& config,
                                                 const std::string& home) {
  std::map<std::string, std::string> out{{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                         {"HOME", home.empty() ? "/" : home},
                                         {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : config.agent.env) out[name] = value;
  for (const auto& [name, value] : kTelemetryOff) out[std::string(name)] = std::string(value);
  if (config.egress) point_clients(*config.egress, out);
  for (const SecretSpec& each : config.secrets) {
    const std::string path = config.agent.runtime + "/" + each.as;
    if (each.give_to == GiveTo::egress) out[each.as] = std::string(kPlaceholder);
    if (each.give_to == GiveTo::file || each.give_to == GiveTo::credential) {
      out[each.as + "_FILE"] = path;
    }
    if (each.give_to == GiveTo::credential) out["CREDENTIALS_DIRECTORY"] = config.agent.runtime;
  }
  return out;
}

}  // namespace ratls::agent
