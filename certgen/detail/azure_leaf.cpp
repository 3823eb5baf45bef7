#include <ratls/certgen/detail/azure_leaf.h>

#include <algorithm>
#include <utility>

#include <ratls/certgen/detail/tcb_of.h>
#include <ratls/certgen/detail/thim.h>
#include <ratls/certgen/reported_tcb.h>

namespace ratls::detail {

Result<void> check_leaf_fits(ByteView leaf, ByteView report) {
  if (!is_of_chip(leaf, report)) {
    return Error(Reason::chip_id_mismatch, "the metadata service gave no VCEK of this chip");
  }
  if (tcb_of_leaf(leaf) == reported_tcb(report)) return {};
  return Error(Reason::tcb_mismatch,
               "the metadata service gave the VCEK for another level than REPORTED_TCB");
}

AzureLeaf::AzureLeaf(Ask ask, Say say, std::chrono::milliseconds pause)
    : ask_(std::move(ask)), say_(std::move(say)), pause_(pause), next_pause_(pause) {}

Result<Bytes> AzureLeaf::fetch(ByteView report) const {
  RATLS_TRY(const Bytes answer, ask_());
  RATLS_TRY(Bytes leaf, read_thim_leaf(answer));
  RATLS_CHECK(check_leaf_fits(leaf, report));
  return leaf;
}

void AzureLeaf::tell(const std::optional<Error>& failure) {
  const std::string text = failure ? std::string(failure->detail()) : std::string();
  if (text == said_) return;
  said_ = text;
  if (!say_) return;
  say_(failure
           ? "evidence goes out without a VCEK, which verifiers then need from elsewhere (ratls "
             "collateral fetch): " +
                 text
           : "evidence carries the VCEK again");
}

std::optional<Bytes> AzureLeaf::of(ByteView report) {
  if (kept_ && check_leaf_fits(*kept_, report)) return kept_;
  kept_.reset();
  const auto now = std::chrono::steady_clock::now();
  if (now < not_before_) return std::nullopt;
  auto leaf = fetch(report);
  if (leaf) {
    kept_ = std::move(leaf).value();
    next_pause_ = pause_;
    tell(std::nullopt);
  } else {
    not_before_ = std::chrono::steady_clock::now() + next_pause_;
    next_pause_ = std::min<std::chrono::milliseconds>(2 * next_pause_, kMostPause);
    tell(leaf.error());
  }
  return kept_;
}

}  // namespace ratls::detail
