/// The simulated authority that all tests share.
#pragma once

#include <string>

#include <ratls/certgen/sim/authority.h>

namespace ratls::test {

/// A folder in the build tree; the keys in it stay from run to run.
std::string sim_folder();

/// The authority in sim_folder(); aborts with a message where it cannot be opened.
sim::Authority open_authority();

}  // namespace ratls::test
