/// Taking a collateral store's lock, and keeping it within its bounds.
#pragma once

#include <ratls/verify/collateral/detail/files.h>
#include <ratls/verify/collateral/store.h>

namespace ratls::detail {

/// The folders of a store that are written to. Nobody else writes while this is held.
struct OpenStore {
  FileHandle root;
  FileHandle lock;
  FileHandle objects;
  FileHandle drafts;
};

/// What the objects take up. Counted now and then; other processes add to it unseen meanwhile.
struct Usage {
  std::size_t objects = 0;
  std::uint64_t bytes = 0;
  unsigned puts_until_recount = 0;
};

/// Makes what is missing, and removes what killed writers left. Errors: io_error.
Result<OpenStore> open_for_writing(const std::string& folder);

/// Puts an item's DER among the objects; makes room by removing objects that no entry leads to.
/// Errors: io_error, collateral_full.
Result<void> write_object(const OpenStore& store, const CollateralItem& item,
                          const CollateralStoreOptions& options, Usage& usage);

}  // namespace ratls::detail
