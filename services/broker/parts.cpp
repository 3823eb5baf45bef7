#include <ratls/services/broker/parts.h>

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include <ratls/services/broker/store_key.h>
#include <ratls/verify/files.h>

namespace ratls::broker {

namespace {

constexpr std::size_t kMaxKeyFile = 4096;

}  // namespace

Error about(const std::string& path, const Error& error) {
  if (error.detail().find(path) != std::string::npos) return error;
  return Error(error.reason(), path + ": " + error.detail());
}

namespace {

Result<Policy> look_at(const PolicyPlace& place) {
  PolicyFile file{place.file, std::nullopt, {}, {}};
  if (!place.key.empty()) {
    RATLS_TRY(const Bytes text, read_file(place.key, kMaxKeyFile, Reason::invalid_config));
    auto key = MinisignPublicKey::parse(text);
    if (!key) return about(place.key, key.error());
    file.key = *key;
  }
  auto policy = load_policy(file);
  if (!policy) return about(place.file, policy.error());
  if (!place.state.empty()) {
    const auto newest = check_version(place.state, *policy);
    if (!newest) return about(place.file, newest.error());
  }
  return policy;
}

}  // namespace

Result<Policies> look_at_policies(const BrokerConfig& config) {
  std::vector<Policy> all;
  for (const PolicyPlace& place : config.policies) {
    RATLS_TRY(Policy policy, look_at(place));
    all.push_back(std::move(policy));
  }
  RATLS_TRY(Policies policies, Policies::of(std::move(all)));
  RATLS_CHECK(check_against(*config.release, policies));
  return policies;
}

Result<void> remember_policies(const BrokerConfig& config, const Policies& policies) {
  for (std::size_t i = 0; i < config.policies.size(); ++i) {
    const PolicyPlace& place = config.policies[i];
    if (!place.state.empty()) {
      RATLS_CHECK(remember_version(place.state, policies.all().at(i)));
    }
  }
  return {};
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

Result<std::shared_ptr<CollateralStore>> open_collateral(const BrokerConfig& config,
                                                         const Policies& policies) {
  if (config.collateral.empty()) return std::shared_ptr<CollateralStore>();
  RATLS_TRY(auto roots, policies.roots());
  return std::make_shared<CollateralStore>(config.collateral, std::move(roots));
}

std::map<std::string, Timestamp> expiries_of(const CollateralStore& store) {
  std::map<std::string, Timestamp> out;
  const auto listing = store.list();
  if (!listing) return out;
  for (const StoredCollateral& stored : listing->items) {
    const CollateralItem& item = stored.item;
    std::string kind = "ca";
    if (item.kind == CollateralKind::vcek) kind = "vcek";
    if (item.kind == CollateralKind::vlek) kind = "vlek";
    if (item.kind == CollateralKind::crl) kind = "crl";
    const auto [at, first] = out.emplace(kind, item.ends);
    if (!first) at->second = std::min(at->second, item.ends);
  }
  return out;
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
