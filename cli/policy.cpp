// ratls policy: make, check and compare policies.

#include "policy_verbs.h"

namespace ratls::cli {

void add_policy(CLI::App& tool, Exit& exit) {
  auto* group = tool.add_subcommand("policy", "Make, check, compare and sign policies");
  group->require_subcommand(1);
  add_policy_new(*group, exit);
  add_policy_check(*group, exit);
  add_policy_diff(*group, exit);
  add_policy_keygen(*group, exit);
  add_policy_sign(*group, exit);
  add_policy_verify(*group, exit);
  add_policy_bulletins(*group, exit);
  group->footer(exit_code_help() +
                "\nEXAMPLES\n"
                "  ratls policy new --from-report report.bin --endorsement vcek.der \\\n"
                "      --covers image --out prod.json\n"
                "  ratls policy check prod.json --production\n"
                "  ratls policy diff prod-6.json prod-7.json\n");
}

}  // namespace ratls::cli
