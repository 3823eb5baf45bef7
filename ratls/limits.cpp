// How long a handshake of a configuration may take.
#include <ratls/config.h>

namespace ratls {

namespace {

template <class Config>
std::chrono::milliseconds limit_of(const Config& config) {
  if (config.timeouts.handshake) return *config.timeouts.handshake;
  const bool awaited = std::holds_alternative<AttestedIdentity>(config.identity) ||
                       std::holds_alternative<AcceptEvidence>(config.accept) ||
                       config.after_handshake.demand != nullptr || config.after_handshake.answers;
  return awaited ? kEvidenceHandshakeLimit : kHandshakeLimit;
}

}  // namespace

std::chrono::milliseconds handshake_limit(const ClientConfig& config) {
  return limit_of(config);
}

std::chrono::milliseconds handshake_limit(const ServerConfig& config) {
  return limit_of(config);
}

}  // namespace ratls
