#include "channel_options.h"

#include <sys/stat.h>

#include <cstdio>
#include <utility>

#include <ratls/certgen/sim/guest.h>

namespace ratls::cli {

namespace {

using Identity = std::shared_ptr<const CertificateIdentity>;

Result<CertificateIdentity> load_identity(const IdentityOptions& options, bool again) {
  const std::string& path = options.identity;
  if (!options.identity_cert.empty()) {
    return CertificateIdentity::load_pair(path, options.identity_cert);
  }
  struct stat about {};
  const bool exists = again || ::lstat(path.c_str(), &about) == 0;
  return exists ? CertificateIdentity::load(path) : CertificateIdentity::create(path);
}

std::optional<Stop> open_identity(const IdentityOptions& options, bool again, Identity& out) {
  auto identity = load_identity(options, again);
  // Of two files the error names the one that is meant.
  const bool pair = !options.identity_cert.empty();
  if (!identity) return stop_of(identity.error(), pair ? std::string() : options.identity);
  out = std::make_shared<const CertificateIdentity>(std::move(identity).value());
  return std::nullopt;
}

std::optional<Stop> open_instance(const std::string& path, Identity& out) {
  if (path.empty()) return std::nullopt;
  auto loaded = CertificateIdentity::load(path);
  if (!loaded) return stop_of(loaded.error(), path);
  out = std::make_shared<const CertificateIdentity>(std::move(loaded).value());
  return std::nullopt;
}

std::optional<Stop> start_attester(const IdentityOptions& options, Parties& parties) {
  if (parties.attester) return std::nullopt;
  const std::string& source = options.source;
  Identity instance;
  if (auto stop = open_instance(options.instance, instance)) return stop;
  auto firmware = sim::open_guest(source, {}, tell);
  if (!firmware) return stop_of(firmware.error(), "--source " + source);
  parties.source = std::move(firmware).value();
  parties.attester = std::make_shared<Attester>(*parties.source, EvidenceQueue::kDefaultDeadline,
                                                std::move(instance));
  if (auto started = parties.attester->start(); !started) {
    return stop_of(started.error(), "--source " + source);
  }
  return std::nullopt;
}

// Exactly one way to accept a peer: two would leave open which of them holds.
std::optional<Stop> check_one_way(const AcceptOptions& options) {
  const int ways = static_cast<int>(!options.judging.policy.empty()) +
                   static_cast<int>(!options.pin.empty()) + static_cast<int>(!options.ca.empty());
  if (ways != 1) return Stop{Exit::usage, "say whom to accept in exactly one way; see --help"};
  if (options.ca.empty() != options.server_name.empty()) {
    return Stop{Exit::usage, "--ca and --server-name go together"};
  }
  if (options.judging.policy.empty() &&
      !(options.judging.policy_key.empty() && options.judging.collateral.empty())) {
    return Stop{Exit::usage, "--policy-key and --collateral go with --policy"};
  }
  if (options.judging.policy.empty() && options.key_bound) {
    return Stop{Exit::usage, "--dangerously-accept-key-bound goes with --policy"};
  }
  return std::nullopt;
}

template <class Accept>
std::optional<Stop> accept_key(const std::string& pin, std::optional<Accept>& out) {
  const auto key = parse_pin(pin);
  if (!key) return Stop{Exit::usage, "--pin: " + key.error().message()};
  out.emplace(*key);
  return std::nullopt;
}

// Nobody should learn only from a log that this is switched on.
AcceptEvidence by_evidence(const AcceptOptions& options, const Parties& parties) {
  if (options.key_bound) {
    std::fputs(
        "ratls: DANGER: evidence that is bound to a TLS key and to no session is accepted; whoever "
        "gets\nratls: hold of such a key shows it from anywhere (CVE-2026-33697)\n",
        stderr);
  }
  return AcceptEvidence{parties.verifier, options.key_bound};
}

std::optional<Stop> accept_server(const AcceptOptions& options, Parties& parties,
                                  std::optional<AcceptServer>& out) {
  if (!options.pin.empty()) return accept_key(options.pin, out);
  if (!options.ca.empty()) {
    Input ca = read_input(options.ca);
    if (ca.stop) return ca.stop;
    out.emplace(AcceptCa{std::move(ca.bytes), options.server_name});
    return std::nullopt;
  }
  if (auto stop = open_verifier(options, parties)) return stop;
  out.emplace(by_evidence(options, parties));
  return std::nullopt;
}

std::optional<Stop> accept_client(const AcceptOptions& options, Parties& parties,
                                  std::optional<AcceptClient>& out) {
  if (!options.pin.empty()) return accept_key(options.pin, out);
  if (auto stop = open_verifier(options, parties)) return stop;
  out.emplace(by_evidence(options, parties));
  return std::nullopt;
}

template <class Me>
std::optional<Stop> who_am_i(const IdentityOptions& options, Parties& parties,
                             std::optional<Me>& out) {
  if (!options.identity.empty() && !options.source.empty()) {
    return Stop{Exit::usage, "give --identity or --source, not both"};
  }
  if (options.identity.empty() && !options.identity_cert.empty()) {
    return Stop{Exit::usage, "--identity-cert goes with --identity"};
  }
  if (options.source.empty() && !options.instance.empty()) {
    return Stop{Exit::usage, "--instance goes with --source"};
  }
  if (!options.identity.empty()) {
    Identity identity;
    if (auto stop = open_identity(options, parties.again, identity)) return stop;
    out.emplace(std::move(identity));
    return std::nullopt;
  }
  if (auto stop = start_attester(options, parties)) return stop;
  parties.in_guest = true;
  out.emplace(AttestedIdentity(parties.attester));
  return std::nullopt;
}

}  // namespace

void add_identity_options(CLI::App& verb, IdentityOptions& options) {
  verb.add_option("--identity", options.identity,
                  "This side's key and certificate, PEM; made where the file does not exist");
  verb.add_option(
      "--identity-cert", options.identity_cert,
      "The certificate of --identity, where that file holds the key only, as ratls cert "
      "new writes them");
  verb.add_option("--source", options.source,
                  "This side is attested, by reports from here: auto, configfs, sev-guest, "
                  "azure-vtpm, sim:DIR or sim-azure:DIR (a simulator)");
  verb.add_option("--instance", options.instance,
                  "With --source: PEM with a key of this guest's own and its certificate, for "
                  "policies with instance_keys (docs/policy.md)");
}

void add_policy_options(CLI::App& verb, AcceptOptions& options) {
  verb.add_option("--policy", options.judging.policy,
                  "Accept a peer by its evidence under this policy file (docs/policy.md)");
  add_judging_options(verb, options.judging);
}

void add_key_bound_option(CLI::App& verb, AcceptOptions& options) {
  verb.add_flag("--dangerously-accept-key-bound", options.key_bound,
                "With --policy: accept evidence of level 0 too, which covers the peer's key and no "
                "session (CVE-2026-33697)");
}

void add_pin_option(CLI::App& verb, AcceptOptions& options) {
  verb.add_option("--pin", options.pin, "Accept exactly the peer with this key, sha256//...");
}

void add_ca_options(CLI::App& verb, AcceptOptions& options) {
  verb.add_option("--ca", options.ca, "Accept a server under these CAs (PEM); with --server-name");
  verb.add_option("--server-name", options.server_name, "The name that its certificate must have");
}

std::optional<Stop> open_verifier(const AcceptOptions& options, Parties& parties) {
  std::optional<Policy> policy;
  if (auto stop = read_policy(options.judging, policy)) return stop;
  if (parties.verifier) {
    parties.verifier->replace_policy(*std::move(policy));
    return std::nullopt;
  }
  std::shared_ptr<CollateralSource> collateral;
  if (auto stop = open_collateral(options.judging, *policy, collateral)) return stop;
  const Clock& clock = parties.in_guest ? static_cast<const Clock&>(parties.guest_clock)
                                        : static_cast<const Clock&>(parties.clock);
  parties.verifier = std::make_shared<Verifier>(*std::move(policy), clock, std::move(collateral));
  return std::nullopt;
}

std::optional<Stop> make_client(const IdentityOptions& me, const AcceptOptions& peer,
                                Parties& parties, std::optional<ClientConfig>& out) {
  if (auto stop = check_one_way(peer)) return stop;
  std::optional<ClientIdentity> identity;
  if (me.identity.empty() && me.source.empty() && me.identity_cert.empty() && me.instance.empty()) {
    identity.emplace(Anonymous{});
  } else if (auto stop = who_am_i(me, parties, identity)) {
    return stop;
  }
  std::optional<AcceptServer> accept;
  if (auto stop = accept_server(peer, parties, accept)) return stop;
  out.emplace(*std::move(identity), *std::move(accept));
  return std::nullopt;
}

std::optional<Stop> make_server(const IdentityOptions& me, const AcceptOptions& peer,
                                Parties& parties, std::optional<ServerConfig>& out) {
  if (me.identity.empty() && me.source.empty()) {
    return Stop{Exit::usage, "a server needs --identity FILE or --source SOURCE"};
  }
  if (auto stop = check_one_way(peer)) return stop;
  std::optional<ServerIdentity> identity;
  if (auto stop = who_am_i(me, parties, identity)) return stop;
  std::optional<AcceptClient> accept;
  if (auto stop = accept_client(peer, parties, accept)) return stop;
  out.emplace(*std::move(identity), *std::move(accept));
  return std::nullopt;
}

}  // namespace ratls::cli
