#include <utility>

#include <ratls/services/broker/detail/broker_server.h>
#include <ratls/services/broker/notify.h>

namespace ratls::broker::detail {

void BrokerServer::reload() {
  if (stopping_ || std::exchange(reloading_, true)) return;
  notify_manager("RELOADING=1");
  const auto read = read_again();
  if (read) return;
  reloading_ = false;
  journal_.failed("policy.refused", read.error());
  notify_manager("READY=1");
}

// Nothing is in force before everything was found good, and nothing is remembered before that
// either: all policies, the rules and the identity come together or not at all.
Result<void> BrokerServer::read_again() {
  RATLS_TRY(const BrokerConfig config, read_broker_config(config_path_));
  RATLS_TRY(const Policies policies, look_at_policies(config));
  RATLS_TRY(const auto identity, reopen_identity(config.identity));
  RATLS_CHECK(remember_policies(config, policies));
  releaser_.change_rules(config.release, audit_event("policy.replaced", policies),
                         [this, config, identity, policies](Result<void> changed) {
                           reloading_ = false;
                           if (changed) {
                             put_in_force(config, identity, policies);
                           } else {
                             journal_.failed("policy.refused", changed.error());
                           }
                           notify_manager("READY=1");
                         });
  return {};
}

void BrokerServer::put_in_force(const BrokerConfig& config,
                                const std::shared_ptr<const CertificateIdentity>& identity,
                                const Policies& policies) {
  config_.release = config.release;
  verifier_->replace_policy(policies);
  if (identity->pin() != identity_->pin()) {
    journal_.info("identity.replaced", {{"pin", identity->pin()}, {"was", identity_->pin()}});
  }
  identity_ = identity;
  // Connections have copied what they began with.
  for (ServerConfig* door : {&plain_, &framed_}) {
    door->identity = identity_;
    door->accept = AcceptEvidence{verifier_, any_key_bound(*config_.release)};
  }
  for (const std::string& danger : dangers()) {
    journal_.warn("policy.danger", {{"detail", danger}});
  }
  for (const Policy& policy : policies.all()) {
    journal_.info("policy.replaced", fields_of(id_of(policy)));
  }
  // Channels that were opened under the old ones are opened anew.
  for (Connection* connection : all_connections()) {
    if (connection->open()) connection->wind_up();
  }
}

}  // namespace ratls::broker::detail
