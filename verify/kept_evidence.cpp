#include <ratls/verify/kept_evidence.h>

#include <ratls/core/crypto.h>
#include <ratls/core/reader.h>

namespace ratls {

KeptEvidence::KeptEvidence(std::shared_ptr<const Bytes> evidence, Bytes spki, Role role,
                           Binder binder, Policy policy, Timestamp accepted_at,
                           std::string_view guest)
    : evidence_(std::move(evidence)),
      spki_(std::move(spki)),
      role_(role),
      binder_(binder),
      policy_(std::move(policy)),
      accepted_at_(accepted_at) {
  // Fixed sizes first, so that no two records are the same bytes.
  const Bytes fixed = std::move(Writer()
                                    .u8(static_cast<std::uint8_t>(role_))
                                    .bytes(binder_.view())
                                    .bytes(policy_.sha256().view())
                                    .u64be(static_cast<std::uint64_t>(accepted_at_.unix_seconds))
                                    .bytes(crypto::sha256({*evidence_}).view())
                                    .bytes(crypto::sha256({spki_}).view()))
                          .take();
  digest_ = crypto::sha256({fixed, as_bytes(guest)});
}

}  // namespace ratls
