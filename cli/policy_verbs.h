/// The verbs of `ratls policy`.
#pragma once

#include "verbs.h"

namespace ratls::cli {

void add_policy_new(CLI::App& group, Exit& exit);
void add_policy_check(CLI::App& group, Exit& exit);
void add_policy_diff(CLI::App& group, Exit& exit);
void add_policy_keygen(CLI::App& group, Exit& exit);
void add_policy_sign(CLI::App& group, Exit& exit);
void add_policy_verify(CLI::App& group, Exit& exit);
void add_policy_bulletins(CLI::App& group, Exit& exit);

}  // namespace ratls::cli
