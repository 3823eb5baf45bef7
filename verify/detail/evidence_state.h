/// What travels through the stages, and the one door by which the steps reach it.
#pragma once

#include <chrono>

#include <ratls/core/hcl_report.h>
#include <ratls/core/tpm_quote.h>
#include <ratls/verify/evidence.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/snp/detail/endorsement.h>
#include <ratls/verify/snp/detail/report.h>

namespace ratls::detail {

/// What an Azure confidential VM sends besides: the report's frame and the vTPM's quote.
struct AzureState {
  HclReport hcl;
  /// Absent in a file that is the HCL report alone.
  struct Quote {
    AzureEvidence sent;
    TpmQuote read;
  };
  std::optional<Quote> quote;
  PcrValues pcrs;  ///< filled by authenticate()
};

struct InstanceState;

struct EvidenceState {
  std::optional<AzureState> azure;  ///< `report_bytes` are the report inside it then
  Bytes report_bytes;
  std::optional<Bytes> endorsement_file;  ///< DER, or PEM where it came from a file
  std::optional<Bytes> crl_der;
  Bytes claims_cbor;
  std::optional<Bytes> path_cbor;
  std::optional<ReportData> expected_report_data;
  bool binding_recorded = false;  ///< from_certificate() has said what there is to say
  /// What digest_of() hashes when it is asked for: most sessions never are.
  std::shared_ptr<const Bytes> received;

  // Filled by bind().
  Level level = Level::key;
  SpkiHash spki_hash;
  Role role = Role::client;
  Binder binder;

  // Filled by authenticate().
  snp::detail::Report report;
  std::shared_ptr<const snp::detail::Endorsement> endorsement;
  std::shared_ptr<const TrustedIssuer> issuer;  ///< who signed `endorsement`
  Sha256Digest endorsement_key;                 ///< of the certificate and the roots
  bool shown_before = false;                    ///< these very bytes verified under these roots
  snp::Product product = snp::Product::milan;
  bool simulated = false;

  // Filled by appraise().
  std::shared_ptr<const InstanceState> instance;  ///< null where no rule asks for it
  std::vector<Acceptance> acceptances;
  std::optional<Sha256Digest> instance_key;  ///< where the rule demanded one
  Timestamp valid_until;
  std::optional<Policy> policy;  ///< which accepted: of several, the first

  // Filled by Verifier::verify_again().
  std::optional<std::chrono::seconds> age;
};

/// A certificate that was given beside the evidence. Errors: malformed_endorsement (too large).
Result<void> take_endorsement_file(const std::optional<ByteView>& file, EvidenceState& state,
                                   Trail& trail);

/// The name of evidence in logs.
EvidenceDigest digest_of(const Bytes& received) noexcept;

/// The steps parse, bind, authenticate and appraise make and open stages, and the Verifier keeps
/// and marks what was accepted; nothing else includes this header.
struct StageDoor {
  template <class Stage>
  static Stage make(EvidencePointer state) {
    return Stage(std::move(state));
  }
  /// Takes the state out of a stage. Errors: internal for one that was moved from.
  static Result<EvidencePointer> take(EvidenceStage&& stage) {
    if (stage.state_ == nullptr) return Error(Reason::internal, "a stage was used twice");
    return std::move(stage.state_);
  }
  /// A peer of an earlier session: what was judged again says so from here on.
  static void mark_resumed(EvidenceStage& stage, std::chrono::seconds age) noexcept {
    stage.state_->level = Level::resumed;
    stage.state_->age = age;
  }
  /// A stage of its own over the same evidence: each of several policies judges one.
  template <class Stage>
  static Stage copy(const Stage& stage) {
    return Stage(stage.state_ ? std::make_unique<EvidenceState>(*stage.state_) : nullptr);
  }
  static void set_acceptances(EvidenceStage& stage, std::vector<Acceptance> all) {
    if (stage.state_ != nullptr) stage.state_->acceptances = std::move(all);
  }
  static const EvidenceState* look(const EvidenceStage& stage) noexcept {
    return stage.state_.get();
  }
};

}  // namespace ratls::detail
