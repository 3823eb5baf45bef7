/// The verbs of `ratls broker`.
#pragma once

#include "verbs.h"

namespace ratls::cli {

void add_broker_serve(CLI::App& broker, Exit& exit);

}  // namespace ratls::cli
