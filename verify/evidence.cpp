#include <ratls/verify/evidence.h>

#include <ratls/core/crypto.h>
#include <ratls/verify/azure/detail/checks.h>
#include <ratls/verify/detail/evidence_state.h>

namespace ratls {

namespace {

using detail::EvidencePointer;
using detail::EvidenceState;
using detail::StageDoor;

constexpr std::size_t kMaxEndorsementFile = 16384;

// A field of an accepted stage; zeros for a stage that was moved from.
template <class T>
T field(const EvidenceStage& stage, T (*read)(const EvidenceState&)) {
  const EvidenceState* state = StageDoor::look(stage);
  return state == nullptr ? T{} : read(*state);
}

Bytes copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

namespace detail {

EvidenceDigest digest_of(const Bytes& received) noexcept {
  return EvidenceDigest(crypto::sha256({received}).array());
}

Result<void> take_endorsement_file(const std::optional<ByteView>& file, EvidenceState& state,
                                   Trail& trail) {
  if (!file) return {};
  if (file->size() > kMaxEndorsementFile) {
    return trail.fail("endorsement", Error(Reason::malformed_endorsement, "more than 16 KiB"));
  }
  state.endorsement_file = copy(*file);
  return {};
}

}  // namespace detail

EvidenceStage::EvidenceStage(EvidencePointer state) noexcept : state_(std::move(state)) {}
EvidenceStage::EvidenceStage(EvidenceStage&&) noexcept = default;
EvidenceStage& EvidenceStage::operator=(EvidenceStage&&) noexcept = default;
EvidenceStage::~EvidenceStage() = default;

Result<ParsedEvidence> ParsedEvidence::parse(ByteView evidence_cbor, Trail& trail) {
  auto envelope = EvidenceEnvelope::decode(evidence_cbor);
  if (!envelope) return trail.fail("evidence", envelope.error());
  auto state = std::make_unique<EvidenceState>();
  state->report_bytes = std::move(envelope->report);
  state->endorsement_file = std::move(envelope->endorsement);
  state->crl_der = std::move(envelope->crl);
  state->claims_cbor = std::move(envelope->claims);
  state->path_cbor = std::move(envelope->path);
  state->received = std::make_shared<const Bytes>(copy(evidence_cbor));
  trail.pass("evidence", std::to_string(evidence_cbor.size()) + " bytes of evidence");
  if (envelope->azure) RATLS_CHECK(azure::detail::open(*std::move(envelope->azure), *state, trail));
  return ParsedEvidence(std::move(state));
}

Result<ParsedEvidence> ParsedEvidence::from_file(const ReportFile& file, Trail& trail) {
  auto state = std::make_unique<EvidenceState>();
  state->report_bytes = copy(file.report);
  if (is_hcl_report(file.report)) RATLS_CHECK(azure::detail::open(file.report, *state, trail));
  RATLS_CHECK(detail::take_endorsement_file(file.endorsement, *state, trail));
  if (file.crl) state->crl_der = copy(*file.crl);
  state->expected_report_data = file.expected_report_data;
  Bytes received = copy(file.report);
  append(received, file.endorsement.value_or(ByteView()));
  state->received = std::make_shared<const Bytes>(std::move(received));
  return ParsedEvidence(std::move(state));
}

Result<ClaimedOrigin> ParsedEvidence::claimed_origin() const {
  const EvidenceState* state = StageDoor::look(*this);
  if (state == nullptr) return Error(Reason::internal, "a stage was used twice");
  RATLS_TRY(const auto report, snp::detail::parse_report(state->report_bytes));
  return ClaimedOrigin{report.version, report.product, report.chip_id, report.reported_tcb,
                       report.signing_key};
}

snp::Measurement AcceptedClaims::measurement() const noexcept {
  return field<snp::Measurement>(*this, [](const auto& state) { return state.report.measurement; });
}

snp::Tcb AcceptedClaims::tcb() const noexcept {
  return field<snp::Tcb>(*this, [](const auto& state) { return state.report.reported_tcb; });
}

snp::HostData AcceptedClaims::host_data() const noexcept {
  return field<snp::HostData>(*this, [](const auto& state) { return state.report.host_data; });
}

snp::Product AcceptedClaims::product() const noexcept {
  return field<snp::Product>(*this, [](const auto& state) { return state.product; });
}

snp::ChipId AcceptedClaims::chip_id() const noexcept {
  return field<snp::ChipId>(*this, [](const auto& state) { return state.report.chip_id; });
}

snp::ReportId AcceptedClaims::report_id() const noexcept {
  return field<snp::ReportId>(*this, [](const auto& state) { return state.report.report_id; });
}

snp::FamilyId AcceptedClaims::family_id() const noexcept {
  return field<snp::FamilyId>(*this, [](const auto& state) { return state.report.family_id; });
}

snp::ImageId AcceptedClaims::image_id() const noexcept {
  return field<snp::ImageId>(*this, [](const auto& state) { return state.report.image_id; });
}

snp::KeyDigest AcceptedClaims::id_key_digest() const noexcept {
  return field<snp::KeyDigest>(*this, [](const auto& state) { return state.report.id_key_digest; });
}

std::uint32_t AcceptedClaims::vmpl() const noexcept {
  return field<std::uint32_t>(*this, [](const auto& state) { return state.report.vmpl; });
}

EvidenceDigest AcceptedClaims::evidence_digest() const noexcept {
  return field<EvidenceDigest>(
      *this, [](const auto& state) { return detail::digest_of(*state.received); });
}

std::optional<Sha256Digest> AcceptedClaims::instance_key() const noexcept {
  return field<std::optional<Sha256Digest>>(*this,
                                            [](const auto& state) { return state.instance_key; });
}

Timestamp AcceptedClaims::valid_until() const noexcept {
  return field<Timestamp>(*this, [](const auto& state) { return state.valid_until; });
}

std::string AcceptedClaims::guest_name() const {
  return field<std::string>(*this, [](const auto& state) {
    return state.acceptances.empty() ? std::string() : state.acceptances.front().guest;
  });
}

Covers AcceptedClaims::covers() const noexcept {
  const EvidenceState* state = StageDoor::look(*this);
  const bool none = state == nullptr || state->acceptances.empty();
  return none ? Covers::firmware : state->acceptances.front().covers;
}

std::vector<Acceptance> AcceptedClaims::acceptances() const {
  return field<std::vector<Acceptance>>(*this, [](const auto& state) { return state.acceptances; });
}

bool AcceptedClaims::simulated() const noexcept {
  const EvidenceState* state = StageDoor::look(*this);
  return state == nullptr || state->simulated;
}

Level VerifiedPeer::level() const noexcept {
  return field<Level>(*this, [](const auto& state) { return state.level; });
}

SpkiHash VerifiedPeer::spki_hash() const noexcept {
  return field<SpkiHash>(*this, [](const auto& state) { return state.spki_hash; });
}

std::optional<std::chrono::seconds> VerifiedPeer::evidence_age() const noexcept {
  return field<std::optional<std::chrono::seconds>>(*this,
                                                    [](const auto& state) { return state.age; });
}

}  // namespace ratls
