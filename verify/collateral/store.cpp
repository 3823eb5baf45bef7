#include <ratls/verify/collateral/store.h>

#include <array>

#include <ratls/core/crl.h>
#include <ratls/verify/collateral/detail/describe.h>
#include <ratls/verify/collateral/detail/store_state.h>

namespace ratls {

namespace {

using detail::Entry;
using detail::FileHandle;
using snp::ProductLine;
using snp::SigningKeyKind;

// More VLEKs than any provider has for one TCB; the rest of them is not looked at.
constexpr std::size_t kMaxVleks = 64;

/// An endorsement as it describes itself; nobody's signature has been looked at.
std::optional<CollateralItem> describe(const Bytes& der) {
  auto certificate = Certificate::parse(der, Reason::malformed_endorsement);
  if (!certificate) return std::nullopt;
  const auto endorsement = snp::detail::parse_endorsement(std::move(certificate).value());
  if (!endorsement) return std::nullopt;
  CollateralItem out;
  detail::describe(*endorsement, out);
  return out;
}

std::vector<ProductLine> lines_of(const EndorsementQuery& query) {
  if (query.line) return {*query.line};
  return {ProductLine::milan, ProductLine::genoa};  // version 2 reports do not come from Turin
}

}  // namespace

CollateralStore::CollateralStore(std::string folder, RootOfTrust roots,
                                 CollateralStoreOptions options)
    : state_(std::make_unique<State>(std::move(folder), std::move(roots), std::move(options))) {}

CollateralStore::~CollateralStore() = default;

const std::string& CollateralStore::folder() const noexcept {
  return state_->folder;
}

void CollateralStore::State::report(const CollateralProblem& problem) const {
  if (options.on_problem) options.on_problem(problem);
}

std::optional<FileHandle> CollateralStore::State::open_for_reading() const {
  auto root = detail::open_folder(folder);
  if (root) return std::move(root).value();
  report({".", root.error().detail()});
  return std::nullopt;
}

std::shared_ptr<const Bytes> CollateralStore::State::find(const FileHandle& root,
                                                          const Entry& entry) {
  const auto loaded = detail::load(root, entry, &cache);
  if (loaded.problem) report(*loaded.problem);
  return loaded.der;
}

// An entry that was made to lead elsewhere would otherwise hide that the certificate is missing.
std::optional<CollateralStore::State::Found> CollateralStore::State::find_endorsement(
    const FileHandle& root, const Entry& entry) {
  const auto der = find(root, entry);
  if (der == nullptr) return std::nullopt;
  const auto item = describe(*der);
  if (item && detail::entry_of(*item, SigningKeyKind::vcek) == entry) return Found{der, *item};
  report({entry.path(), "leads to something else than it is named after"});
  return std::nullopt;
}

std::optional<Bytes> CollateralStore::State::find_vlek(const FileHandle& root,
                                                       const std::string& prefix) {
  const auto vleks = detail::open_subfolder(root, "vlek");
  if (!vleks) report({"vlek", vleks.error().detail()});
  if (!vleks || !*vleks) return std::nullopt;
  const auto names = detail::names_in(**vleks);
  if (!names) {
    report({"vlek", names.error().detail()});
    return std::nullopt;
  }
  std::optional<Found> best;
  std::size_t seen = 0;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix)) continue;
    if (++seen > kMaxVleks) break;
    auto found = find_endorsement(root, {"vlek", name});
    if (found && (!best || best->item.begins < found->item.begins)) best = std::move(found);
  }
  if (!best) return std::nullopt;
  return *best->der;
}

std::optional<Bytes> CollateralStore::endorsement(const EndorsementQuery& query) {
  const auto root = state_->open_for_reading();
  if (!root) return std::nullopt;
  for (const ProductLine line : lines_of(query)) {
    if (query.kind == SigningKeyKind::vlek) {
      auto der = state_->find_vlek(*root, detail::vlek_prefix(line, query.reported_tcb));
      if (der) return der;
      continue;
    }
    const auto entry = detail::vcek_entry(line, query.reported_tcb, query.chip_id);
    if (!entry) continue;
    if (const auto found = state_->find_endorsement(*root, *entry)) return *found->der;
  }
  return std::nullopt;
}

std::optional<Bytes> CollateralStore::State::find_crl(const FileHandle& root, const CrlQuery& query,
                                                      const Sha256Digest& ark) {
  const Entry entry = detail::crl_entry(query.line, query.kind, ark);
  const auto der = find(root, entry);
  if (der == nullptr) return std::nullopt;
  const auto crl = Crl::parse(*der, Reason::crl_invalid);
  if (crl && crl->issuer_cn() == "ARK-" + std::string(snp::amd_name(query.line))) return *der;
  report({entry.path(), "leads to something else than it is named after"});
  return std::nullopt;
}

std::optional<Bytes> CollateralStore::crl(const CrlQuery& query) {
  const auto root = state_->open_for_reading();
  if (!root) return std::nullopt;
  if (query.ark) return state_->find_crl(*root, query, *query.ark);
  for (const TrustedIssuer* issuer : state_->roots.issuers(query.line, query.kind)) {
    auto der = state_->find_crl(*root, query, id_of_ark(*issuer));
    if (der) return der;
  }
  return std::nullopt;
}

void CollateralStore::wanted(const EndorsementQuery& query) {
  if (state_->options.on_wanted_endorsement) state_->options.on_wanted_endorsement(query);
}

void CollateralStore::wanted(const CrlQuery& query) {
  if (state_->options.on_wanted_crl) state_->options.on_wanted_crl(query);
}

}  // namespace ratls
