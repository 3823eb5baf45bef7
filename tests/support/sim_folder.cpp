#include "sim_folder.h"

#include <cstdlib>
#include <iostream>

namespace ratls::test {

std::string sim_folder() {
  return std::string(RATLS_BINARY_DIR) + "/sim-authority";
}

sim::Authority open_authority() {
  auto authority = sim::Authority::open(sim_folder());
  if (!authority) {
    std::cerr << authority.error().message() << '\n';
    std::abort();
  }
  return std::move(authority).value();
}

}  // namespace ratls::test
