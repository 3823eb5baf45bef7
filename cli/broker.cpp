// ratls broker check-config: would the broker start, and what would it release?

#include <sys/stat.h>

#include <memory>

#include <ratls/services/broker/audit.h>
#include <ratls/services/broker/doorstep.h>
#include <ratls/services/broker/parts.h>

#include "broker_verbs.h"
#include "channel_options.h"

namespace ratls::cli {

namespace {

using broker::BrokerConfig;
using broker::ReleaseRule;

struct Options {
  std::string config;
};

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string rule_text(const ReleaseRule& rule) {
  std::string guests;
  for (const std::string& name : rule.accept) guests += (guests.empty() ? "" : ", ") + name;
  std::string out = "to " + guests;
  if (rule.per_guest) out += ", " + std::to_string(*rule.per_guest) + " times per guest";
  if (rule.one_shot) out += ", once in all";
  if (rule.lease) out += ", to one at a time for " + std::to_string(rule.lease->count()) + " s";
  if (rule.not_after) out += ", until " + to_rfc3339(*rule.not_after);
  if (rule.firmware_only_accepted) out += ", DANGEROUS: also where only firmware is measured";
  if (rule.key_bound_accepted) out += ", DANGEROUS: also over evidence of a key alone";
  return out;
}

// Where its value is, or what is missing.
Result<std::string> value_text(const std::string& uri, const ReleaseRule& rule,
                               broker::SecretStore& store) {
  if (rule.helper) return "from " + rule.helper->command.front();
  RATLS_TRY(const auto resource, broker::Resource::parse_uri(uri));
  RATLS_TRY(const auto value, store.get(resource));
  if (!value) return std::string("NO VALUE YET (ratls secret put ") + uri + ")";
  return "version " + std::to_string(value->version);
}

Result<std::string> addresses_text(const BrokerConfig& config) {
  std::string out = "listens on " + config.listen;
  if (!config.framed.empty()) out += ", framed on " + config.framed;
  if (!config.status.empty()) out += ", status and metrics on " + config.status;
  if (!exists(config.identity)) {
    return out + "\nidentity  " + config.identity + " will be made at the first start\n";
  }
  RATLS_TRY(const auto identity, broker::open_identity(config.identity));
  return out + "\nidentity  guests pin " + identity->pin() + "\n";
}

std::string limits_text(const BrokerConfig& config) {
  const auto limits = broker::doorstep_limits(config.limits, broker::usable_memory());
  return "limits    " + std::to_string(limits.connections) + " connections, " +
         std::to_string(limits.per_address) + " of one address; " +
         std::to_string(limits.handshakes) + " handshakes at once, " +
         std::to_string(limits.handshakes_per_address) + " of one address\n";
}

Result<std::string> audit_text(const BrokerConfig& config) {
  if (!exists(config.audit)) return "audit     " + config.audit + " will be begun\n";
  const auto checked = broker::check_audit(config.audit, {});
  if (!checked) return broker::about(config.audit, checked.error());
  const broker::AuditSummary& summary = *checked;
  if (summary.head.seq == 0) {
    return "audit     " + config.audit +
           " is EMPTY: if a broker wrote to it before, what limits and leases counted is gone\n";
  }
  return "audit     unbroken, " + std::to_string(summary.head.seq) + " lines, " +
         std::to_string(summary.releases) + " releases\n";
}

// Checking remembers nothing.
Result<std::string> policies_text(const BrokerConfig& config) {
  RATLS_TRY(const Policies policies, broker::look_at_policies(config));
  std::string out;
  for (std::size_t i = 0; i < config.policies.size(); ++i) {
    const Policy& policy = policies.all().at(i);
    const bool is_signed = !config.policies[i].key.empty();
    out += "policy    " + policy.name() + " version " + std::to_string(policy.version()) +
           ", sha256 " + policy.sha256().hex() +
           (is_signed ? ", signed\n" : ", signature not demanded\n");
  }
  for (const std::string& danger : broker::dangers_of(*config.release, policies)) {
    out += "          WARNING " + danger + "\n";
  }
  return out;
}

Result<std::string> report_on(const BrokerConfig& config) {
  RATLS_TRY(std::string out, addresses_text(config));
  RATLS_TRY(const std::string policies, policies_text(config));
  RATLS_TRY(const std::string audit, audit_text(config));
  RATLS_TRY(auto store, broker::open_store(config));
  out += limits_text(config) + policies + audit;
  for (const auto& [uri, rule] : *config.release) {
    RATLS_TRY(const std::string value, value_text(uri, rule, store));
    out += "release   " + uri + " (" + value + ") " + rule_text(rule) + "\n";
  }
  return out;
}

Exit check_config(const Options& options) {
  const Input there = read_input(options.config);
  if (there.stop) return report_stop(*there.stop, false);
  const auto config = broker::read_broker_config(options.config);
  if (!config) return report_stop(stop_of(config.error(), options.config), false);
  const auto report = report_on(*config);
  if (!report) return report_stop(stop_of(report.error(), options.config), false);
  return print(*report + "OK\n", Exit::ok);
}

}  // namespace

void add_broker(CLI::App& tool, Exit& exit) {
  auto* group = tool.add_subcommand("broker", "Release secrets to guests that prove what they run");
  group->require_subcommand(1);
  add_broker_serve(*group, exit);
  auto* verb = group->add_subcommand("check-config", "Open all that the configuration names");
  const auto options = std::make_shared<Options>();
  verb->add_option("--config", options->config, "broker.json (docs/broker.md)")->required();
  verb->footer(exit_code_help() + "\nEXAMPLES\n  ratls broker check-config --config broker.json\n");
  verb->callback([options, &exit] { exit = check_config(*options); });
  group->footer(exit_code_help());
}

}  // namespace ratls::cli
