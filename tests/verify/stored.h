/// A collateral store in a temporary folder, and things to put into it.
#pragma once

#include <ratls/verify/collateral/store.h>

#include "tests/support/files.h"
#include "tests/verify/simulated.h"

namespace ratls::test {

/// AMD's roots and every simulated one that `products` have.
RootOfTrust simulated_roots(std::initializer_list<sim::Product> products = {sim::Product::milan});

/// The VCEK of the chip called `chip` with this microcode, issued at `begins`.
Bytes vcek(const std::string& chip, std::uint8_t microcode = 222,
           sim::Product product = sim::Product::milan, Timestamp begins = kNow);
EndorsementQuery vcek_query(const std::string& chip, std::uint8_t microcode = 222,
                            sim::Product product = sim::Product::milan);

Bytes vlek(const std::string& csp_id, Timestamp begins = kNow);
EndorsementQuery vlek_query();

/// Number `number`, issued `number` hours after kNow unless said otherwise.
Bytes crl(std::uint64_t number, std::optional<Timestamp> this_update = std::nullopt,
          sim::Product product = sim::Product::milan);

/// A folder with a store, and what the store reported.
struct Stored {
  explicit Stored(CollateralStoreOptions options = {});

  TemporaryFolder temporary;
  std::string folder = temporary.file("store");
  std::vector<CollateralProblem> problems;
  CollateralStore store;

  /// The one file in the folder `name` of the store; aborts where there is another number of them.
  [[nodiscard]] std::string only_file(const std::string& name) const;
};

/// "stored", "already_there", "kept_newer", or the reason of a refusal.
std::string said(const Result<PutResult>& put);

}  // namespace ratls::test
