/// The verbs of the tool. Each registers itself and runs when CLI11 has chosen it.
#pragma once

#include <CLI/CLI.hpp>

#include "common.h"

namespace ratls::cli {

/// A verb's result goes to `exit`.
void add_audit(CLI::App& tool, Exit& exit);
void add_bootstrap(CLI::App& tool, Exit& exit);
void add_broker(CLI::App& tool, Exit& exit);
void add_cert(CLI::App& tool, Exit& exit);
void add_collateral(CLI::App& tool, Exit& exit);
void add_inspect(CLI::App& tool, Exit& exit);
void add_verify(CLI::App& tool, Exit& exit);
/// Below `verify`.
void add_verify_cert(CLI::App& verify, Exit& exit);
/// Below `verify`.
void add_verify_tls(CLI::App& verify, Exit& exit);
void add_connect(CLI::App& tool, Exit& exit);
void add_serve(CLI::App& tool, Exit& exit);
void add_run(CLI::App& tool, Exit& exit);
void add_egress(CLI::App& tool, Exit& exit);
void add_doctor(CLI::App& tool, Exit& exit);
void add_report(CLI::App& tool, Exit& exit);
void add_reasons(CLI::App& tool, Exit& exit);
void add_policy(CLI::App& tool, Exit& exit);
void add_secret(CLI::App& tool, Exit& exit);
void add_sim(CLI::App& tool, Exit& exit);
/// Into the group `collateral`.
void add_collateral_fetch(CLI::App& collateral, Exit& exit);

}  // namespace ratls::cli
