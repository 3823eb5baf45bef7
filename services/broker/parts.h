/// What a configuration names, opened.
#pragma once

#include <memory>
#include <optional>

#include <ratls/certgen/identity.h>
#include <ratls/services/broker/config.h>
#include <ratls/services/broker/receipt_key.h>
#include <ratls/services/broker/store.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/policy_file.h>

namespace ratls::broker {

/// The policy file with its key read. Errors: io_error, invalid_config (the key file).
Result<PolicyFile> policy_file_of(const BrokerConfig& config);

/// The policy, once its signature, its version and the rules' names held.
/// Errors: those of load_policy() and check_against().
Result<Policy> load_checked_policy(const PolicyFile& file, const ReleaseRules& rules);

/// Made where the file does not exist. Errors: those of CertificateIdentity.
Result<std::shared_ptr<const CertificateIdentity>> open_identity(const std::string& path);

/// The same of a broker that runs: the file must be there. Errors: those of CertificateIdentity.
Result<std::shared_ptr<const CertificateIdentity>> reopen_identity(const std::string& path);

/// Null where the configuration names no store of collateral.
std::shared_ptr<CollateralSource> open_collateral(const BrokerConfig& config, const Policy& policy);

/// Nothing where the configuration names no key. Errors: those of ReceiptKey.
Result<std::optional<ReceiptKey>> open_receipts(const BrokerConfig& config);

/// The store of secrets, which must exist. Errors: those of SecretStore and read_store_key().
Result<SecretStore> open_store(const BrokerConfig& config);

}  // namespace ratls::broker
