/// Which guests are accepted. There is no default policy.
///
/// In code: Policy::allow_only(...) and then whatever the compiler asks for next; each step
/// returns the type that has the next decision. From a file: policy_json.h. Relaxations are called
/// dangerously_... and stand in summary().
/// Threads: Policy is immutable and cheap to copy; share freely. Builders belong to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/core/result.h>
#include <ratls/verify/root_of_trust.h>
#include <ratls/verify/snp/types.h>

namespace ratls {

class Policy;
class PolicyNeedsFloor;

namespace detail {
struct PolicyData;
Result<Policy> make_policy(PolicyData data, ByteView file);
const PolicyData& data_of(const Policy& policy) noexcept;
}  // namespace detail

/// What the launch measurement stands for (docs/policy.md). On Google Cloud and AWS it covers the
/// provider's firmware only: kernel, disk and programs are not in it.
enum class Covers : std::uint8_t { image, firmware };

/// "image" or "firmware".
std::string_view name(Covers covers) noexcept;

/// What becomes of revocation lists. Lists are AMD's, for the ASK and ASVK that issue
/// certificates; a VCEK itself is never on one (all have serial 0).
class Revocation {
 public:
  /// A list signed by the product's ARK, current, and at most `max_age_hours` old (1 to 8760) is
  /// demanded. Errors of a check: crl_missing, crl_stale, crl_invalid, revoked.
  static Revocation require(std::uint32_t max_age_hours) { return Revocation(max_age_hours); }
  /// Judged where one is at hand; its absence, or an outdated one, is accepted.
  static Revocation accept_missing() { return Revocation(std::nullopt); }

  [[nodiscard]] std::optional<std::uint32_t> max_age_hours() const noexcept { return max_age_; }

 private:
  explicit Revocation(std::optional<std::uint32_t> max_age) : max_age_(max_age) {}

  std::optional<std::uint32_t> max_age_;
};

/// What a policy says about the verifier's own clock. Strict where nothing is said.
struct ClockRule {
  static constexpr std::uint32_t kMaxSkewSeconds = 3600;

  /// By how much the clock may be slow: a certificate or list that begins at most this much later
  /// has begun. What ends still ends on time. At most kMaxSkewSeconds.
  std::uint32_t max_skew_seconds = 0;
  /// A moment that has passed: a clock that shows an earlier one was set back (clock_set_back).
  std::optional<Timestamp> not_before;

  friend bool operator==(const ClockRule&, const ClockRule&) = default;
};

/// A frozen policy.
class Policy {
 public:
  Policy() = delete;

  /// Begins a policy that accepts one guest: `guest` names it in verdicts, `measurements` must not
  /// be empty (build() refuses).
  static PolicyNeedsFloor allow_only(std::string guest, Covers covers,
                                     std::vector<snp::Measurement> measurements);
  /// Begins a policy that accepts one guest whatever its measurement is: any code, on a genuine
  /// machine. For inventories, never for secrets.
  static PolicyNeedsFloor dangerously_allow_any_measurement(std::string guest, Covers covers);

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::uint64_t version() const noexcept;
  /// Of the file's bytes; of summary() where there was no file.
  [[nodiscard]] const Sha256Digest& sha256() const noexcept;
  [[nodiscard]] std::optional<Timestamp> expires() const noexcept;
  [[nodiscard]] const RootOfTrust& roots() const noexcept;
  /// Every decision in words, one a line, relaxations first.
  [[nodiscard]] std::string summary() const;
  /// The relaxations alone, one sentence each; empty where there are none.
  [[nodiscard]] std::vector<std::string> dangers() const;

 private:
  explicit Policy(std::shared_ptr<const detail::PolicyData> data) : data_(std::move(data)) {}
  friend Result<Policy> detail::make_policy(detail::PolicyData data, ByteView file);
  friend const detail::PolicyData& detail::data_of(const Policy& policy) noexcept;

  std::shared_ptr<const detail::PolicyData> data_;
};

/// What all steps of the builder share. Move-only; what follows a step that was taken already ends
/// in an error of build().
class PolicyStep {
 public:
  PolicyStep(PolicyStep&&) noexcept;
  PolicyStep& operator=(PolicyStep&&) noexcept;
  ~PolicyStep();

 protected:
  explicit PolicyStep(std::unique_ptr<detail::PolicyData> draft) noexcept;
  /// One that build() refuses, where this step was taken.
  detail::PolicyData& draft();
  std::unique_ptr<detail::PolicyData> draft_;
};

/// The last step: a complete policy with the strict choice wherever nothing else is said (VMPL 0,
/// report versions 3 to 5, no DEBUG, no migration, no VLEK). What it does not restrict unless it is
/// told to: expiry, launch TCB, firmware version, mitigations, guest ABI, ID block, HOST_DATA.
class PolicyBuilder final : public PolicyStep {
 public:
  PolicyBuilder&& named(std::string name, std::uint64_t version) &&;
  PolicyBuilder&& expires(Timestamp moment) &&;
  PolicyBuilder&& clock(ClockRule rule) &&;
  PolicyBuilder&& vmpls(std::vector<std::uint32_t> allowed) &&;
  PolicyBuilder&& report_versions(std::vector<std::uint32_t> allowed) &&;
  PolicyBuilder&& only_host_data(std::vector<snp::HostData> allowed) &&;
  PolicyBuilder&& only_id_keys(std::vector<snp::KeyDigest> allowed) &&;
  PolicyBuilder&& only_author_keys(std::vector<snp::KeyDigest> allowed) &&;
  PolicyBuilder&& only_families(std::vector<snp::FamilyId> allowed) &&;
  PolicyBuilder&& only_images(std::vector<snp::ImageId> allowed) &&;
  PolicyBuilder&& min_guest_svn(std::uint32_t least) &&;
  /// Never these machines, whatever else is said. A report that hides its chip is refused then.
  PolicyBuilder&& deny_chips(std::vector<snp::ChipId> denied) &&;
  /// LAUNCH_TCB must reach tcb_floor() too.
  PolicyBuilder&& launch_at_floor() &&;
  /// LAUNCH_TCB must reach a floor of its own; call it for every product, or for none.
  PolicyBuilder&& launch_floor(snp::Product product, snp::Tcb floor) &&;
  /// LAUNCH_TCB must not exceed CURRENT_TCB (it may after a live migration from newer firmware).
  PolicyBuilder&& launch_at_most_current() &&;
  /// CURRENT and COMMITTED firmware must be this or newer; call it for every product, or for none.
  PolicyBuilder&& min_firmware(snp::Product product, snp::FirmwareVersion least) &&;
  /// Bits that must be set in CURRENT_MIT_VECTOR and LAUNCH_MIT_VECTOR (AMD's bulletins number
  /// them). Before report version 5 all count as clear.
  PolicyBuilder&& mitigations(std::uint64_t current, std::uint64_t launch) &&;
  /// The guest must have demanded this firmware ABI or a newer one (POLICY, bits 15:0).
  PolicyBuilder&& min_abi(snp::AbiVersion least) &&;
  /// Accept evidence of Azure's confidential VMs (docs/azure.md), and no other: each of these PCRs
  /// of the SHA-256 bank (0 to 23) must have one of its values. There the measurement covers the
  /// paravisor alone; what the guest runs is in the PCRs or nowhere.
  PolicyBuilder&& tpm_pcrs(std::map<std::uint32_t, std::vector<Sha256Digest>> allowed) &&;
  /// Accept only instances whose own key signed the claims: a key that is pinned (SHA-256 of its
  /// SubjectPublicKeyInfo), or whose certificate one of `issuers` signed (SubjectPublicKeyInfo,
  /// DER, P-256 or P-384) and is valid. Such an issuer certifies instances and nothing else.
  PolicyBuilder&& only_instance_keys(std::vector<Sha256Digest> pins, std::vector<Bytes> issuers) &&;
  /// Also accept reports signed with the VLEK of these providers, as their certificates name them.
  PolicyBuilder&& vlek_of(std::vector<std::string> csp_ids) &&;
  /// Bits of POLICY by name (snp::GuestPolicy::bits(), without debug and migration).
  PolicyBuilder&& guest_policy(std::vector<std::string> must, std::vector<std::string> must_not) &&;
  PolicyBuilder&& dangerously_allow_debug() &&;
  PolicyBuilder&& dangerously_allow_migration() &&;
  /// Accept Milan on any chip. Without this Milan needs only_chips(): see docs/policy.md.
  PolicyBuilder&& dangerously_accept_milan() &&;
  /// Also believe a software AMD-SP. Every verdict over it says SIMULATED.
  PolicyBuilder&& dangerously_trust_simulator(SimulatorRoot root) &&;
  /// Also accept every guest of `other` (its rules and simulators; nothing else of it).
  PolicyBuilder&& also(const Policy& other) &&;
  /// Errors: invalid_policy.
  Result<Policy> build() &&;

 private:
  friend class PolicyNeedsRevocation;
  using PolicyStep::PolicyStep;
  PolicyBuilder&& wrong(std::string what);

  std::string error_;
};

/// What about revocation lists?
class PolicyNeedsRevocation final : public PolicyStep {
 public:
  PolicyBuilder revocation(Revocation rule) &&;

 private:
  friend class PolicyNeedsPlatform;
  using PolicyStep::PolicyStep;
};

/// How must the machine be set up?
class PolicyNeedsPlatform final : public PolicyStep {
 public:
  /// Bits of PLATFORM_INFO by mask (snp::PlatformInfo).
  PolicyNeedsRevocation platform(snp::PlatformInfo must, snp::PlatformInfo must_not) &&;
  PolicyNeedsRevocation any_platform() &&;

 private:
  friend class PolicyNeedsInstances;
  using PolicyStep::PolicyStep;
};

/// Which machines? (More products may be named first.)
class PolicyNeedsInstances final : public PolicyStep {
 public:
  PolicyNeedsInstances&& tcb_floor(snp::Product product, snp::Tcb floor) &&;
  PolicyNeedsPlatform only_chips(std::vector<snp::ChipId> allowed) &&;
  PolicyNeedsPlatform any_chip() &&;

 private:
  friend class PolicyNeedsFloor;
  using PolicyStep::PolicyStep;
};

/// How old may the firmware be? Names the product too: one without a floor is refused.
class PolicyNeedsFloor final : public PolicyStep {
 public:
  PolicyNeedsInstances tcb_floor(snp::Product product, snp::Tcb floor) &&;

 private:
  friend class Policy;
  using PolicyStep::PolicyStep;
};

}  // namespace ratls
