#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <tuple>

#include <ratls/core/crypto.h>
#include <ratls/verify/collateral/detail/store_state.h>

namespace ratls {

namespace {

using detail::Entry;
using detail::FileHandle;
using snp::SigningKeyKind;

/// Goes through a store and notes what it finds.
class Walk {
 public:
  Walk(const FileHandle& root, const RootOfTrust& roots) : root_(root), roots_(roots) {}

  Result<CollateralListing> run() && {
    for (const char* const folder : detail::kEntryFolders) RATLS_CHECK(entries_in(folder));
    RATLS_CHECK(objects());
    const auto order = [](const StoredCollateral& a) {
      return std::tuple(a.item.kind, a.item.line, a.list, a.item.hardware_id, a.item.begins,
                        a.item.digest);
    };
    std::sort(out_.items.begin(), out_.items.end(),
              [&](const auto& a, const auto& b) { return order(a) < order(b); });
    return std::move(out_);
  }

 private:
  Result<void> entries_in(const char* folder) {
    const auto handle = detail::open_subfolder(root_, folder);
    if (!handle) {
      out_.problems.push_back({folder, handle.error().detail()});
      return {};
    }
    if (!*handle) return {};
    RATLS_TRY(const auto names, detail::names_in(**handle));
    for (const std::string& name : names) look_at({folder, name});
    return {};
  }

  void look_at(const Entry& entry) {
    const auto loaded = detail::load(root_, entry, nullptr);
    if (loaded.problem) out_.problems.push_back(*loaded.problem);
    if (loaded.der == nullptr) return;
    used_.insert(crypto::sha256({*loaded.der}).hex());
    auto item = read_collateral(*loaded.der, roots_);
    if (!item) {
      out_.problems.push_back(
          {entry.path(), std::string(code(item.error().reason())) + ": " + item.error().detail()});
      return;
    }
    for (const auto list : {SigningKeyKind::vcek, SigningKeyKind::vlek}) {
      if (detail::entry_of(*item, list) != entry) continue;
      out_.items.push_back({std::move(item).value(), list});
      return;
    }
    out_.problems.push_back({entry.path(), "leads to something else than it is named after"});
  }

  Result<void> objects() {
    const auto handle = detail::open_subfolder(root_, detail::kObjects);
    if (!handle) {
      out_.problems.push_back({detail::kObjects, handle.error().detail()});
      return {};
    }
    if (!*handle) return {};
    RATLS_TRY(const auto names, detail::names_in(**handle));
    out_.objects = names.size();
    for (const std::string& name : names) {
      out_.bytes += detail::size_of(**handle, name).value_or(0);
      if (!used_.contains(name)) ++out_.unused;
    }
    return {};
  }

  const FileHandle& root_;
  const RootOfTrust& roots_;
  CollateralListing out_;
  std::set<std::string> used_;
};

}  // namespace

Result<CollateralListing> CollateralStore::list() const {
  RATLS_TRY(const auto root, detail::open_folder(state_->folder));
  if (!root) return CollateralListing{};
  return Walk(*root, state_->roots).run();
}

std::vector<std::string> CollateralStore::warnings() const {
  struct stat status {};
  if (::stat(state_->folder.c_str(), &status) != 0) return {};
  std::vector<std::string> out;
  constexpr mode_t kOthersMayWrite = 022;
  if ((status.st_mode & kOthersMayWrite) != 0) {
    out.push_back("other users can write to " + state_->folder +
                  ": they can forge nothing, but remove and fill; chmod 700 prevents that");
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    out.push_back(state_->folder +
                  " belongs to another user, who can remove and fill, but forge nothing");
  }
  return out;
}

}  // namespace ratls
