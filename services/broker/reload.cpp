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

// Nothing is in force before everything was found good; the policy's version is remembered last.
Result<void> BrokerServer::read_again() {
  RATLS_TRY(const BrokerConfig config, read_broker_config(config_path_));
  RATLS_TRY(PolicyFile file, policy_file_of(config));
  PolicyFile unremembered = file;
  unremembered.state.clear();
  RATLS_TRY(const Policy looked_at, load_checked_policy(unremembered, *config.release));
  static_cast<void>(looked_at);
  RATLS_TRY(const auto identity, reopen_identity(config.identity));
  RATLS_TRY(const Policy policy, load_checked_policy(file, *config.release));
  const auto rules = config.release;
  releaser_.recount(rules, [this, config, identity, policy](Result<void> counted) {
    reloading_ = false;
    if (counted) {
      put_in_force(config, identity, policy);
    } else {
      journal_.failed("policy.refused", counted.error());
    }
    notify_manager("READY=1");
  });
  return {};
}

void BrokerServer::put_in_force(const BrokerConfig& config,
                                const std::shared_ptr<const CertificateIdentity>& identity,
                                const Policy& policy) {
  config_.release = config.release;
  config_.key_bound = config.key_bound;
  verifier_->replace_policy(policy);
  if (identity->pin() != identity_->pin()) {
    journal_.info("identity.replaced", {{"pin", identity->pin()}, {"was", identity_->pin()}});
  }
  identity_ = identity;
  // Connections have copied what they began with.
  for (ServerConfig* door : {&plain_, &framed_}) {
    door->identity = identity_;
    door->accept = AcceptEvidence{verifier_, config_.key_bound};
  }
  for (const std::string& danger : dangers()) {
    journal_.warn("policy.danger", {{"detail", danger}});
  }
  journal_.info("policy.replaced", {{"policy.name", policy.name()},
                                    {"policy.version", std::to_string(policy.version())},
                                    {"policy.sha256", policy.sha256().hex()}});
  // Channels that were opened under the old one are opened anew.
  wind_up_all(true);
}

}  // namespace ratls::broker::detail
