/// Verbs of `ratls broker`, `ratls audit` and `ratls secret`.
#pragma once

#include "verbs.h"

namespace ratls::cli {

void add_broker_serve(CLI::App& broker, Exit& exit);
void add_secret_tpm_seal(CLI::App& secret, Exit& exit);
void add_audit_receipt(CLI::App& audit, Exit& exit);

}  // namespace ratls::cli
