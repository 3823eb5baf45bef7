/// What the verbs of `ratls collateral` share.
#pragma once

#include <ratls/verify/collateral/store.h>

#include "verbs.h"

namespace ratls::cli {

/// Where the store is and whom it believes.
struct StoreChoice {
  std::string folder;  ///< empty: default_store()
  std::string policy;  ///< whose simulator roots are believed too; may be empty
};

/// $XDG_CACHE_HOME/ratls/collateral, else $HOME/.cache/ratls/collateral; empty without either. The
/// environment says only where the store lies: whatever is in it authenticates itself.
std::string default_store();

/// --store and --policy.
void add_store_options(CLI::App& verb, StoreChoice& choice);

/// The store, or why not. `must_exist`: a missing folder is Exit::no_input.
struct ChosenStore {
  std::unique_ptr<CollateralStore> store;
  std::optional<Stop> stop;
};
ChosenStore open_store(const StoreChoice& choice, bool must_exist);

/// "Milan  chip 1a7892f1d975da84...  bl 4 tee 0 snp 27 ucode 222", and the like for lists.
std::string describe(const CollateralItem& item, snp::SigningKeyKind list);

/// The fields that every JSON of an item has: kind, line, and those of its kind.
std::string json_of(const CollateralItem& item, snp::SigningKeyKind list);

/// Below `collateral`.
void add_collateral_import(CLI::App& collateral, Exit& exit);
void add_collateral_pack(CLI::App& collateral, Exit& exit);
void add_collateral_show(CLI::App& collateral, Exit& exit);

}  // namespace ratls::cli
