// ratls policy check, diff and bulletins: policies in words.

#include <memory>
#include <optional>

#include <ratls/core/json.h>
#include <ratls/verify/policy_review.h>
#include <ratls/verify/snp/bulletins.h>

#include "judging.h"
#include "policy_verbs.h"

namespace ratls::cli {

namespace {

struct CheckOptions {
  std::string file;
  bool production = false;
  bool json = false;
};

struct DiffOptions {
  std::string before;
  std::string after;
  bool json = false;
};

std::string said(const std::string& guest, const std::string& text) {
  return guest.empty() ? text : "\"" + guest + "\": " + text;
}

std::string texts_json(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts) out.push_back(json::quoted(text));
  return json::array(out);
}

std::string advice_json(const std::vector<PolicyAdvice>& advice) {
  std::vector<std::string> out;
  for (const PolicyAdvice& each : advice) {
    json::Object object;
    object.text_or_null("guest", each.guest).text_or_null("bulletin", each.bulletin);
    out.push_back(object.text("text", each.text).str());
  }
  return json::array(out);
}

Exit print_check_json(const Policy& policy, bool refused, Exit exit) {
  json::Object out;
  out.text("schema", "ratls.policy-check/1").text("name", policy.name());
  out.number("version", policy.version()).text("sha256", policy.sha256().hex());
  out.boolean("production", !refused).raw("dangers", texts_json(policy.dangers()));
  out.raw("warnings", advice_json(review(policy)));
  out.text("bulletins_as_of", snp::kBulletinsAsOf);
  return print(out.str() + "\n", exit);
}

Exit print_check(const Policy& policy, bool refused, Exit exit) {
  std::string out;
  const auto advice = review(policy);
  for (const PolicyAdvice& each : advice) out += "warning " + said(each.guest, each.text) + "\n";
  // summary() begins with the dangers, which stand above everything else.
  std::string summary = policy.summary();
  std::size_t dangers = 0;
  while (summary.compare(dangers, 7, "DANGER ") == 0) dangers = summary.find('\n', dangers) + 1;
  out = summary.substr(0, dangers) + out + summary.substr(dangers);
  out += "sha256 " + policy.sha256().hex() + "\n";
  out += "bulletins known as of " + std::string(snp::kBulletinsAsOf) + "\n";
  if (refused) {
    out += "REFUSED for production: " + std::to_string(policy.dangers().size()) +
           " danger(s), above\n";
  } else {
    out += "VALID, " + std::to_string(policy.dangers().size()) + " danger(s), " +
           std::to_string(advice.size()) + " warning(s)\n";
  }
  return print(out, exit);
}

Exit check(const CheckOptions& options) {
  std::optional<Policy> policy;
  if (const auto stop = read_policy({options.file, {}, {}}, policy)) {
    return report_stop(*stop, options.json);
  }
  const bool refused = options.production && !policy->dangers().empty();
  const Exit exit = refused ? Exit::bad_config : Exit::ok;
  return options.json ? print_check_json(*policy, refused, exit)
                      : print_check(*policy, refused, exit);
}

std::string differences_json(const std::vector<PolicyDifference>& differences) {
  std::vector<std::string> out;
  for (const PolicyDifference& each : differences) {
    json::Object object;
    object.text("change", each.change == PolicyChange::widens ? "widens" : name(each.change));
    object.text_or_null("guest", each.guest).text("text", each.text);
    out.push_back(object.str());
  }
  return json::Object()
             .text("schema", "ratls.policy-diff/1")
             .raw("differences", json::array(out))
             .str() +
         "\n";
}

Exit diff(const DiffOptions& options) {
  if (options.before == "-" && options.after == "-") {
    return report_stop({Exit::usage, "only one input can be standard input"}, options.json);
  }
  std::optional<Policy> before;
  std::optional<Policy> after;
  auto stop = read_policy({options.before, {}, {}}, before);
  if (!stop) stop = read_policy({options.after, {}, {}}, after);
  if (stop) return report_stop(*stop, options.json);
  const auto differences = compare(*before, *after);
  if (options.json) return print(differences_json(differences), Exit::ok);
  std::string out;
  std::size_t wider = 0;
  for (const PolicyDifference& each : differences) {
    out += std::string(name(each.change)) + (each.change == PolicyChange::widens ? "  " : " ") +
           said(each.guest, each.text) + "\n";
    wider += each.change == PolicyChange::widens ? 1U : 0U;
  }
  if (differences.empty()) out = "the same decisions\n";
  if (wider != 0) {
    out += "WIDENS what is accepted in " + std::to_string(wider) + " place(s)\n";
  }
  return print(out, Exit::ok);
}

std::string bulletin_text(const snp::Bulletin& bulletin) {
  std::string out = std::string(bulletin.id) + " " + std::string(bulletin.cve) + "  " +
                    std::string(bulletin.subject) + "\n";
  for (const auto& floor : snp::bulletin_floors()) {
    if (floor.bulletin != bulletin.id) continue;
    out += "    " + std::string(snp::name(floor.product)) + " " + std::string(floor.component) +
           " from " + std::to_string(floor.level);
    if (floor.level_x != 0) out += " (3D V-Cache: " + std::to_string(floor.level_x) + ")";
    out += "; quoted by " + std::string(floor.source) + "\n";
  }
  if (!bulletin.note.empty()) out += "    " + std::string(bulletin.note) + "\n";
  return out;
}

Exit bulletins() {
  std::string out = "As of " + std::string(snp::kBulletinsAsOf) +
                    "; newer bulletins are not known to this release.\n";
  for (const auto& bulletin : snp::bulletins()) out += bulletin_text(bulletin);
  return print(out, Exit::ok);
}

}  // namespace

void add_policy_check(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("check", "Say what a policy accepts, dangers first");
  const auto options = std::make_shared<CheckOptions>();
  verb->add_option("FILE", options->file, "The policy; - for stdin")->required();
  verb->add_flag("--production", options->production,
                 "Refuse simulator roots and everything that is called dangerously_ (code 78)");
  verb->add_flag("--json", options->json, "One JSON object, schema ratls.policy-check/1");
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n"
               "  ratls policy check prod.json --production\n");
  verb->callback([options, &exit] { exit = check(*options); });
}

void add_policy_diff(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("diff", "Say how two policies differ, what is widened first");
  const auto options = std::make_shared<DiffOptions>();
  verb->add_option("BEFORE", options->before, "The policy in force; - for stdin")->required();
  verb->add_option("AFTER", options->after, "The policy that is to replace it")->required();
  verb->add_flag("--json", options->json, "One JSON object, schema ratls.policy-diff/1");
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n"
               "  ratls policy diff prod-6.json prod-7.json\n");
  verb->callback([options, &exit] { exit = diff(*options); });
}

void add_policy_bulletins(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("bulletins", "Show AMD's minimum TCB levels, with sources");
  verb->footer(exit_code_help());
  verb->callback([&exit] { exit = bulletins(); });
}

}  // namespace ratls::cli
