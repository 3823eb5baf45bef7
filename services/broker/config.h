/// broker.json: what a broker serves, to whom, and where everything lies (docs/broker.md).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/core/result.h>
#include <ratls/services/kbs/resource.h>
#include <ratls/verify/policies.h>

namespace ratls::broker {

/// A program that writes a secret to its standard output.
struct Helper {
  std::vector<std::string> command;                ///< an absolute path and arguments; no shell
  std::map<std::string, std::string> environment;  ///< besides PATH=/usr/bin:/bin and LANG=C
  std::chrono::seconds timeout{10};
  std::size_t max_bytes = 65536;
};

/// When a resource is released.
struct ReleaseRule {
  std::set<std::string> accept;  ///< POLICY/GUEST, by their own names; never empty
  /// How often one guest (one REPORT_ID) may have it; nothing: as often as it asks.
  std::optional<std::uint64_t> per_guest;
  std::optional<Timestamp> not_after;
  bool one_shot = false;                      ///< each version of the value is released once in all
  std::optional<std::chrono::seconds> lease;  ///< so long nobody else is given it
  bool firmware_only_accepted = false;        ///< "dangerously_accept_firmware_only"
  bool key_bound_accepted = false;            ///< "dangerously_accept_key_bound"
  std::optional<Helper> helper;               ///< nothing: the store has it
};

/// By kbs:///repo/type/tag.
using ReleaseRules = std::map<std::string, ReleaseRule>;

struct BrokerLimits {
  std::uint64_t connections = 4096;  ///< at once; more are closed
  /// At once; more wait. Nothing: see doorstep_limits().
  std::optional<std::uint64_t> handshakes;
  std::optional<std::uint64_t> handshakes_per_address;
  std::uint64_t per_address = 1024;          ///< of one IP address, at once
  std::uint64_t requests_per_minute = 6000;  ///< of one guest (REPORT_ID)
  std::chrono::seconds idle{30};
  std::chrono::seconds drain{10};
  std::uint64_t audit_bytes = 0;  ///< a larger log goes on in a new file; 0: never
};

/// Where a policy lies, and what is demanded of it.
struct PolicyPlace {
  std::string file;
  std::string key;    ///< empty: its signature is not demanded
  std::string state;  ///< empty: older versions are accepted
};

/// All paths are absolute, or relative to the working folder.
struct BrokerConfig {
  std::string listen;  ///< HOST:PORT; plain framing
  std::string framed;  ///< HOST:PORT or empty
  std::string status;  ///< loopback HOST:PORT, unix:PATH, or empty
  std::string identity;
  std::vector<PolicyPlace> policies;  ///< never empty
  std::string collateral;             ///< a store's folder, or empty
  std::string store;
  std::string store_key;  ///< see read_store_key()
  std::string audit;
  std::string receipts;  ///< the key that signs them, or empty
  std::shared_ptr<const ReleaseRules> release;
  BrokerLimits limits;
};

/// Strict JSON, as policies are. Paths in it are relative to `folder` ("" keeps them).
/// Errors: invalid_config, "line 3, column 7: ...".
Result<BrokerConfig> parse_broker_config(ByteView json, const std::string& folder);
/// The same from a file. Errors: also io_error.
Result<BrokerConfig> read_broker_config(const std::string& path);

/// How rules name a guest: its policy's name, a slash, and its own.
std::string full_name(const std::string& policy, const std::string& guest);

/// Does any rule take evidence of level 0 (AcceptEvidence::dangerously_accept_key_bound)?
bool any_key_bound(const ReleaseRules& rules);

/// The relaxations of policies and rules together, a sentence each.
std::vector<std::string> dangers_of(const ReleaseRules& rules, const Policies& policies);

/// Do the rules fit the policies? Errors: invalid_config, where a rule names a guest that no policy
/// has, none of its guests can ever be given the resource (covers "firmware"), or two guests have
/// the same full name.
Result<void> check_against(const ReleaseRules& rules, const Policies& policies);

}  // namespace ratls::broker
