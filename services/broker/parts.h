/// What a configuration names, opened.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include <ratls/certgen/identity.h>
#include <ratls/services/broker/config.h>
#include <ratls/services/broker/receipt_key.h>
#include <ratls/services/broker/store.h>
#include <ratls/verify/collateral/store.h>
#include <ratls/verify/policy_file.h>

namespace ratls::broker {

/// The same error, with the file that it is about in front of its detail.
Error about(const std::string& path, const Error& error);

/// The policies, once their signatures, their versions and the rules' names held. Nothing is
/// remembered. Errors: those of load_policy() and check_against(), with the file they are about.
Result<Policies> look_at_policies(const BrokerConfig& config);

/// Remembers the versions of what look_at_policies() gave, each in its own state file.
/// Errors: those of remember_version().
Result<void> remember_policies(const BrokerConfig& config, const Policies& policies);

/// Made where the file does not exist. Errors: those of CertificateIdentity.
Result<std::shared_ptr<const CertificateIdentity>> open_identity(const std::string& path);

/// The same of a broker that runs: the file must be there. Errors: those of CertificateIdentity.
Result<std::shared_ptr<const CertificateIdentity>> reopen_identity(const std::string& path);

/// Null where the configuration names no store of collateral. Errors: invalid_policy (its roots).
Result<std::shared_ptr<CollateralStore>> open_collateral(const BrokerConfig& config,
                                                         const Policies& policies);

/// When the first of each kind ends ("vcek", "vlek", "ca", "crl"). Reads the whole store, so not on
/// a loop's thread. Empty where it cannot be read.
std::map<std::string, Timestamp> expiries_of(const CollateralStore& store);

/// Nothing where the configuration names no key. Errors: those of ReceiptKey.
Result<std::optional<ReceiptKey>> open_receipts(const BrokerConfig& config);

/// The store of secrets, which must exist. Errors: those of SecretStore and read_store_key().
Result<SecretStore> open_store(const BrokerConfig& config);

}  // namespace ratls::broker
