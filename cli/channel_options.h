/// What the verbs that open channels share: who this side is, and whom it accepts.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <ratls/config.h>
#include <ratls/core/clock.h>

#include "judging.h"
#include "verbs.h"

namespace ratls::cli {

/// Who this side is. Both empty: nobody (a client only).
struct IdentityOptions {
  std::string identity;       ///< a PEM file with key and certificate, made where it does not exist
  std::string identity_cert;  ///< its certificate, where that is a file of its own
  std::string source;         ///< a report source: this side is attested
  std::string instance;       ///< PEM: a key of this guest's own, which signs its claims
};
void add_identity_options(CLI::App& verb, IdentityOptions& options);

/// Whom this side accepts.
struct AcceptOptions {
  JudgingOptions judging;  ///< by evidence, under a policy
  bool key_bound = false;  ///< accept evidence that is bound to no session
  std::string pin;
  std::string ca;
  std::string server_name;
};
void add_policy_options(CLI::App& verb, AcceptOptions& options);
void add_key_bound_option(CLI::App& verb, AcceptOptions& options);
void add_pin_option(CLI::App& verb, AcceptOptions& options);
void add_ca_options(CLI::App& verb, AcceptOptions& options);

/// What configurations borrow; must outlive them. Made once: where a configuration is made again
/// from the same options, the report source and its attester stay (a device has one owner), the
/// verifier stays and gets the new policy, and identities are read from their files.
struct Parties {
  SystemClock clock;
  /// Of a side that is attested, since its host sets the system's.
  HighWaterClock guest_clock{clock};
  bool in_guest = false;
  std::unique_ptr<ReportSource> source;
  std::shared_ptr<Attester> attester;
  std::shared_ptr<Verifier> verifier;
  bool again = false;  ///< an identity's file that is missing is an error, and not made
};

/// A Stop where the options contradict each other or a file is no good; a policy is in force only
/// where all else was good.
std::optional<Stop> open_verifier(const AcceptOptions& options, Parties& parties);
std::optional<Stop> make_client(const IdentityOptions& me, const AcceptOptions& peer,
                                Parties& parties, std::optional<ClientConfig>& out);
std::optional<Stop> make_server(const IdentityOptions& me, const AcceptOptions& peer,
                                Parties& parties, std::optional<ServerConfig>& out);

}  // namespace ratls::cli
