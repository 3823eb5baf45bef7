// Makes the keys of every simulated product, once for each build folder.

#include <chrono>
#include <iostream>

#include "sim_folder.h"

int main() {
  const auto start = std::chrono::steady_clock::now();
  ratls::sim::Authority authority = ratls::test::open_authority();
  for (const auto product : ratls::sim::kAllProducts) {
    if (const auto roots = authority.roots(product); !roots) {
      std::cerr << roots.error().message() << '\n';
      return 1;
    }
  }
  const auto took = std::chrono::steady_clock::now() - start;
  std::cout << "simulated AMD keys in " << ratls::test::sim_folder() << " after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
  return 0;
}
