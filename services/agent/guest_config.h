/// guest.json: what a guest's image says about its broker, its secrets, its ways out, and its
/// program. It lies in the measured image; nothing of it comes from the host.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/result.h>
#include <ratls/services/io/stream.h>
#include <ratls/services/kbs/resource.h>
#include <ratls/tcp.h>

namespace ratls::agent {

using kbs::Resource;

/// Whom to accept at the other end; exactly one is said. Names of files are beside guest.json.
struct AcceptSpec {
  std::string policy;       ///< "attested_by": a policy file, for evidence
  bool key_bound = false;   ///< "dangerously_accept_key_bound", with it: see AcceptEvidence
  std::string pin;          ///< "pin": sha256//... of its key
  std::string ca;           ///< "ca": a PEM file, or "system"
  std::string server_name;  ///< with `ca`
};

/// How the host's hint about the broker's address is found: "file:PATH",
/// "fw_cfg:opt/ratls/host" or "systemd-credential:NAME"; or the image knows it.
struct BrokerSpec {
  AcceptSpec accept;
  std::optional<Address> address;
  std::string address_from;
};

/// Who gets to see a secret.
enum class GiveTo : std::uint8_t {
  egress,      ///< only the egress, which puts it into requests; the program holds a placeholder
  env,         ///< the program, in a variable
  file,        ///< the program, in a file of its own; NAME_FILE says where
  credential,  ///< the same, and CREDENTIALS_DIRECTORY says where
};

struct SecretSpec {
  Resource resource;
  std::string as;  ///< the name of its variable
  GiveTo give_to = GiveTo::egress;
};

struct InjectSpec {
  std::string header;
  std::string before;  ///< of "Bearer ${LLM_API_KEY}" what stands before the name
  std::string secret;  ///< the name of a secret that is given to the egress
};

struct UpstreamSpec {
  std::string name;
  std::string prefix;
  Address connect;
  AcceptSpec accept;           ///< a CA only where "unattested" says "accepted"
  bool show_evidence = false;  ///< this guest proves itself there, too
  std::vector<InjectSpec> inject;
};

struct EgressSpec {
  io::Endpoint listen{{"127.0.0.1", 8790}, {}};
  std::optional<io::Endpoint> status;  ///< metrics; none is opened without it
  std::vector<UpstreamSpec> upstreams;
  std::vector<Address> tunnels;
};

struct AgentSpec {
  bool isolated = true;                ///< its own network namespace, with loopback only
  std::string user;                    ///< empty: the user that runs ratls
  std::string runtime = "/run/ratls";  ///< for secrets in files; must be in memory
  std::map<std::string, std::string> env;
  friend bool operator==(const AgentSpec&, const AgentSpec&) = default;
};

struct GuestConfig {
  std::string report_source = "auto";
  std::string instance;  ///< PEM: a key of this guest's own, which signs its claims; or empty
  BrokerSpec broker;
  std::vector<SecretSpec> secrets;
  std::optional<EgressSpec> egress;
  AgentSpec agent;
};

/// What the command line allows beyond the file.
struct GuestRules {
  bool unsafe_listen = false;  ///< `egress.listen` may be reached from elsewhere
};

/// Strict: unknown or duplicate keys, missing decisions and contradictions are refused with their
/// place. Errors: invalid_config.
Result<GuestConfig> parse_guest_config(ByteView json, const GuestRules& rules = {});

}  // namespace ratls::agent
