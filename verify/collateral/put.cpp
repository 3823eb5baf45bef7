#include <algorithm>

#include <ratls/core/crl.h>
#include <ratls/verify/collateral/detail/store_state.h>

namespace ratls {

namespace {

using detail::Entry;
using detail::FileHandle;
using detail::OpenStore;
using snp::SigningKeyKind;

constexpr std::size_t kTurinIdSize = 8;

/// What stands under `entry` already, if it is worth keeping: genuine, and named rightly.
std::optional<CollateralItem> existing(const OpenStore& store, const Entry& entry,
                                       SigningKeyKind list, const RootOfTrust& roots) {
  const auto loaded = detail::load(store.root, entry, nullptr);
  if (loaded.der == nullptr) return std::nullopt;
  auto item = read_collateral(*loaded.der, roots);
  if (!item || detail::entry_of(*item, list) != entry) return std::nullopt;
  return std::move(item).value();
}

std::string number_text(const std::optional<Bytes>& number) {
  if (!number) return "no number";
  return "number 0x" + (number->empty() ? "0" : to_hex(*number));
}

Error rollback(const CollateralItem& old, const CollateralItem& offered) {
  return Error(Reason::crl_rollback,
               number_text(offered.crl_number) + " of " + to_rfc3339(offered.begins) +
                   "; stored is " + number_text(old.crl_number) + " of " + to_rfc3339(old.begins));
}

// RFC 5280, 5.2.3: numbers rise, and so do dates. A list may begin to be numbered, not cease.
Result<PutOutcome> decide_crl(const CollateralItem& old, const CollateralItem& offered) {
  if (old.crl_number && !offered.crl_number) return rollback(old, offered);
  const bool first_number = offered.crl_number && !old.crl_number;
  const auto order = old.crl_number && offered.crl_number
                         ? compare_crl_numbers(*offered.crl_number, *old.crl_number)
                         : std::strong_ordering::equal;
  if (order < 0 || offered.begins < old.begins) return rollback(old, offered);
  if (order > 0 || first_number || offered.begins > old.begins) return PutOutcome::stored;
  return PutOutcome::already_there;
}

Result<PutOutcome> decide(const CollateralItem& old, const CollateralItem& offered) {
  if (old.digest == offered.digest) return PutOutcome::already_there;
  if (offered.kind == CollateralKind::crl) return decide_crl(old, offered);
  if (old.simulated != offered.simulated) {
    return offered.simulated ? PutOutcome::kept_newer : PutOutcome::stored;
  }
  if (offered.begins < old.begins) return PutOutcome::kept_newer;
  return PutOutcome::stored;
}

Error not_the_wanted(Reason reason, const std::string& offered, const std::string& wanted) {
  return Error(reason, "it is for " + offered + ", wanted was " + wanted);
}

Result<void> check_chip(const EndorsementQuery& wanted, const CollateralItem& item) {
  const ByteView chip = wanted.chip_id.view();
  const ByteView id(item.hardware_id);
  const bool same = std::equal(id.begin(), id.end(), chip.begin());
  if (same && is_zero(chip.subspan(id.size()))) return {};
  return not_the_wanted(Reason::chip_id_mismatch, "chip " + to_hex(id.first(kTurinIdSize)) + "...",
                        to_hex(chip.first(kTurinIdSize)) + "...");
}

Result<void> check_wanted(const EndorsementQuery& wanted, const CollateralItem& item) {
  const bool vcek = wanted.kind == SigningKeyKind::vcek;
  if (item.kind != (vcek ? CollateralKind::vcek : CollateralKind::vlek)) {
    return not_the_wanted(Reason::signing_key_mismatch, "a " + std::string(name(item.kind)),
                          std::string(name(wanted.kind)));
  }
  if (wanted.line && *wanted.line != item.line) {
    return not_the_wanted(Reason::product_mismatch, std::string(snp::amd_name(item.line)),
                          std::string(snp::amd_name(*wanted.line)));
  }
  if (vcek) RATLS_CHECK(check_chip(wanted, item));
  if (item.tcb == wanted.reported_tcb) return {};
  return not_the_wanted(Reason::tcb_mismatch, item.tcb.text(), wanted.reported_tcb.text());
}

Result<CollateralItem> read_list(ByteView der, const RootOfTrust& roots) {
  RATLS_TRY(auto item, read_collateral(der, roots));
  if (item.kind == CollateralKind::crl) return item;
  return Error(Reason::crl_invalid, "it is a certificate, the " + std::string(name(item.kind)));
}

}  // namespace

Result<PutResult> CollateralStore::State::put(CollateralItem item, SigningKeyKind list) {
  const std::lock_guard lock(putting);
  RATLS_TRY(const OpenStore store, detail::open_for_writing(folder));
  const Entry entry = detail::entry_of(item, list);
  if (const auto old = existing(store, entry, list, roots)) {
    RATLS_TRY(const PutOutcome outcome, decide(*old, item));
    if (outcome != PutOutcome::stored) return PutResult{outcome, std::move(item)};
  }
  RATLS_TRY(const FileHandle entries, detail::make_subfolder(store.root, entry.folder));
  // The object first: an entry never leads to what is not there yet.
  RATLS_CHECK(detail::write_object(store, item, options, usage));
  RATLS_CHECK(detail::write_file(store.drafts, entries, entry.name,
                                 as_bytes(detail::entry_text(item.digest))));
  return PutResult{PutOutcome::stored, std::move(item)};
}

Result<PutResult> CollateralStore::put_certificate(ByteView der) {
  RATLS_TRY(auto item, read_collateral(der, state_->roots));
  if (item.kind == CollateralKind::crl) {
    return Error(Reason::malformed_endorsement, "it is a revocation list");
  }
  return state_->put(std::move(item), SigningKeyKind::vcek);
}

Result<PutResult> CollateralStore::put_endorsement(const EndorsementQuery& wanted, ByteView der) {
  RATLS_TRY(auto item, read_collateral(der, state_->roots));
  RATLS_CHECK(check_wanted(wanted, item));
  return state_->put(std::move(item), wanted.kind);
}

Result<PutResult> CollateralStore::put_crl(SigningKeyKind list, ByteView der) {
  RATLS_TRY(auto item, read_list(der, state_->roots));
  return state_->put(std::move(item), list);
}

Result<PutResult> CollateralStore::put_crl(const CrlQuery& wanted, ByteView der) {
  RATLS_TRY(auto item, read_list(der, state_->roots));
  if (item.line != wanted.line || (wanted.ark && *wanted.ark != item.ark)) {
    return Error(Reason::crl_invalid,
                 "it is of another root, ARK-" + std::string(snp::amd_name(item.line)));
  }
  return state_->put(std::move(item), wanted.kind);
}

}  // namespace ratls
