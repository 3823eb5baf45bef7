#include <ratls/services/broker/parts.h>

#include <sys/stat.h>

#include <utility>

#include <ratls/services/broker/store_key.h>
#include <ratls/verify/collateral/store.h>
#include <ratls/verify/files.h>

namespace ratls::broker {

namespace {

constexpr std::size_t kMaxKeyFile = 4096;

Error about(const std::string& path, const Error& error) {
  if (error.detail().find(path) != std::string::npos) return error;
  return Error(error.reason(), path + ": " + error.detail());
}

}  // namespace

Result<PolicyFile> policy_file_of(const BrokerConfig& config) {
  PolicyFile out{config.policy, std::nullopt, {}, config.policy_state};
  if (config.policy_key.empty()) return out;
  RATLS_TRY(const Bytes text, read_file(config.policy_key, kMaxKeyFile, Reason::invalid_config));
  auto key = MinisignPublicKey::parse(text);
  if (!key) return about(config.policy_key, key.error());
  out.key = *key;
  return out;
}

Result<Policy> load_checked_policy(const PolicyFile& file, const ReleaseRules& rules) {
  auto policy = load_policy(file);
  if (!policy) return about(file.path, policy.error());
  RATLS_CHECK(check_against(rules, *policy));
  return policy;
}

Result<std::shared_ptr<const CertificateIdentity>> open_identity(const std::string& path) {
  struct stat status {};
  const bool exists = ::lstat(path.c_str(), &status) == 0;
  auto identity = exists ? CertificateIdentity::load(path) : CertificateIdentity::create(path);
  if (!identity) return about(path, identity.error());
  return std::make_shared<const CertificateIdentity>(std::move(identity).value());
}

Result<std::shared_ptr<const CertificateIdentity>> reopen_identity(const std::string& path) {
  auto identity = CertificateIdentity::load(path);
  if (!identity) return about(path, identity.error());
  return std::make_shared<const CertificateIdentity>(std::move(identity).value());
}

std::shared_ptr<CollateralSource> open_collateral(const BrokerConfig& config,
                                                  const Policy& policy) {
  if (config.collateral.empty()) return nullptr;
  return std::make_shared<CollateralStore>(config.collateral, policy.roots());
}

Result<std::optional<ReceiptKey>> open_receipts(const BrokerConfig& config) {
  if (config.receipts.empty()) return std::optional<ReceiptKey>();
  auto key = ReceiptKey::open(config.receipts);
  if (!key) return about(config.receipts, key.error());
  return std::optional(std::move(key).value());
}

Result<SecretStore> open_store(const BrokerConfig& config) {
  RATLS_TRY(auto key, read_store_key(config.store_key));
  auto store = SecretStore::open(config.store, std::move(key), false);
  if (!store) return about(config.store, store.error());
  return store;
}

}  // namespace ratls::broker
