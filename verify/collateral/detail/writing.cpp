#include <ratls/verify/collateral/detail/writing.h>

#include <algorithm>

#include <ratls/core/crypto.h>
#include <ratls/verify/collateral/detail/layout.h>

namespace ratls::detail {

namespace {

constexpr unsigned kPutsUntilRecount = 128;

// A writer that was killed left its draft behind; nobody else writes while the lock is held.
Result<void> remove_drafts(const FileHandle& drafts) {
  RATLS_TRY(const auto names, names_in(drafts));
  for (const std::string& name : names) remove_file(drafts, name);
  return {};
}

Result<std::vector<std::string>> used_objects(const OpenStore& store) {
  std::vector<std::string> out;
  for (const char* const folder : kEntryFolders) {
    RATLS_TRY(const auto handle, open_subfolder(store.root, folder));
    if (!handle) continue;
    RATLS_TRY(const auto names, names_in(*handle));
    for (const std::string& name : names) {
      const auto text = read_file(*handle, name, kMaxEntrySize);
      const auto digest = text && *text ? parse_entry(**text) : std::nullopt;
      if (digest) out.push_back(digest->hex());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Removes objects that no entry leads to.
Result<void> sweep(const OpenStore& store) {
  RATLS_TRY(const auto used, used_objects(store));
  RATLS_TRY(const auto names, names_in(store.objects));
  for (const std::string& name : names) {
    if (!std::binary_search(used.begin(), used.end(), name)) {
      remove_file(store.objects, name);
    }
  }
  return {};
}

Result<void> count(const OpenStore& store, Usage& usage) {
  RATLS_TRY(const auto names, names_in(store.objects));
  usage = {names.size(), 0, kPutsUntilRecount};
  for (const std::string& name : names) {
    usage.bytes += size_of(store.objects, name).value_or(0);
  }
  return {};
}

Result<void> make_room(const OpenStore& store, std::size_t size,
                       const CollateralStoreOptions& options, Usage& usage) {
  const auto fits = [&] {
    return usage.objects + 1 <= options.max_objects && usage.bytes + size <= options.max_bytes;
  };
  if (usage.puts_until_recount == 0) RATLS_CHECK(count(store, usage));
  if (!fits()) {
    RATLS_CHECK(sweep(store));
    RATLS_CHECK(count(store, usage));
  }
  if (!fits()) {
    return Error(Reason::collateral_full, std::to_string(usage.objects) + " objects of " +
                                              std::to_string(usage.bytes) + " bytes");
  }
  --usage.puts_until_recount;
  usage.objects += 1;
  usage.bytes += size;
  return {};
}

}  // namespace

Result<OpenStore> open_for_writing(const std::string& folder) {
  OpenStore out;
  RATLS_TRY(out.root, make_folder(folder));
  RATLS_TRY(out.lock, lock_folder(out.root));
  RATLS_TRY(out.objects, make_subfolder(out.root, kObjects));
  RATLS_TRY(out.drafts, make_subfolder(out.root, kDrafts));
  RATLS_CHECK(remove_drafts(out.drafts));
  return out;
}

Result<void> write_object(const OpenStore& store, const CollateralItem& item,
                          const CollateralStoreOptions& options, Usage& usage) {
  const auto there = read_file(store.objects, item.digest.hex(), kMaxCollateralSize);
  if (there && *there && crypto::sha256({**there}) == item.digest) return {};
  RATLS_CHECK(make_room(store, item.der.size(), options, usage));
  return write_file(store.drafts, store.objects, item.digest.hex(), item.der);
}

}  // namespace ratls::detail
