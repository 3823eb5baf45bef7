#include <ratls/services/agent/gather.h>

#include <utility>

#include <ratls/services/agent/address.h>
#include <ratls/services/agent/broker_client.h>

namespace ratls::agent {

Result<Secrets> gather_secrets(const BrokerSpec& broker, const ClientConfig& channel,
                               const std::vector<SecretSpec>& wanted,
                               const std::function<void(const std::string&)>& log) {
  Address address;
  if (broker.address) {
    address = *broker.address;
  } else {
    RATLS_TRY(address, read_address(broker.address_from));
  }
  log("the broker is at " + address.text() + " (a hint, never an identity)");
  Secrets out;
  for (const SecretSpec& each : wanted) {
    RATLS_TRY(SecretBytes secret, fetch_secret(channel, address, each.resource));
    log("released: " + each.resource.uri() + " as " + each.as);
    out[each.as] = std::make_shared<const SecretBytes>(std::move(secret));
  }
  return out;
}

}  // namespace ratls::agent
