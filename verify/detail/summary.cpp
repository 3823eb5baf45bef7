#include <ratls/verify/detail/summary.h>

#include <ratls/core/json.h>
#include <ratls/verify/snp/detail/describe.h>

namespace ratls::detail {

namespace {

using Fields = std::vector<PeerSummary::Field>;

class SnpFacts final : public PeerSummary::Facts {
 public:
  explicit SnpFacts(const EvidenceState& state)
      : report_(state.report),
        product_(state.product),
        kind_(state.endorsement->kind),
        csp_id_(state.endorsement->csp_id),
        endorsed_until_(state.endorsement->certificate.not_after()),
        received_(state.received) {}

  [[nodiscard]] Fields fields() const override {
    Fields out;
    out.reserve(kFields);
    add_identity(out);
    add_launch(out);
    add_machine(out);
    text(out, "endorsement_not_after", to_rfc3339(endorsed_until_));
    text(out, "evidence_digest", digest_of(*received_).hex());
    return out;
  }

 private:
  static constexpr std::size_t kFields = 26;  // these, and the two of an acceptance

  static void text(Fields& out, std::string_view key, std::string_view value) {
    out.push_back({key, value.empty() ? "null" : json::quoted(value)});
  }

  void add_identity(Fields& out) const {
    text(out, "tee", "sev-snp");
    text(out, "product", snp::name(product_));
    out.push_back({"report_version", std::to_string(report_.version)});
    text(out, "signing_key", kind_ == snp::SigningKeyKind::vcek ? "vcek" : "vlek");
    text(out, "measurement", report_.measurement.hex());
    text(out, "chip_id", report_.chip_id.is_zero() ? std::string() : report_.chip_id.hex());
    text(out, "csp_id", csp_id_);
    text(out, "report_id", report_.report_id.hex());
    text(out, "report_data", report_.report_data.hex());
  }

  void add_launch(Fields& out) const {
    text(out, "host_data", report_.host_data.hex());
    text(out, "id_key_digest", report_.id_key_digest.hex());
    text(out, "author_key_digest", report_.author_key_digest.hex());
    text(out, "family_id", report_.family_id.hex());
    text(out, "image_id", report_.image_id.hex());
    out.push_back({"guest_svn", std::to_string(report_.guest_svn)});
    out.push_back({"vmpl", std::to_string(report_.vmpl)});
    text(out, "guest_policy", snp::detail::hex_number(report_.policy.raw));
  }

  void add_machine(Fields& out) const {
    text(out, "platform_info", snp::detail::hex_number(report_.platform_info.raw));
    out.push_back({"reported_tcb", snp::detail::json_of(report_.reported_tcb)});
    out.push_back({"committed_tcb", snp::detail::json_of(report_.committed_tcb)});
    out.push_back({"current_tcb", snp::detail::json_of(report_.current_tcb)});
    text(out, "firmware", report_.current_firmware.text());
  }

  snp::detail::Report report_;
  snp::Product product_;
  snp::SigningKeyKind kind_;
  std::string csp_id_;
  Timestamp endorsed_until_;
  std::shared_ptr<const Bytes> received_;
};

}  // namespace

PeerSummary summarise(const EvidenceState& state) {
  return PeerSummary(std::make_shared<const SnpFacts>(state));
}

}  // namespace ratls::detail
