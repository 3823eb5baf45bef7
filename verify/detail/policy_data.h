/// What a Policy holds. Built only through the builder or the JSON reader, never by users.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <ratls/core/tpm_quote.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/root_of_trust.h>

namespace ratls::detail {

/// A list of allowed values, or the written decision that every value is allowed. There is no
/// third, forgotten state: the empty list allows nothing.
template <class T>
class Allow {
 public:
  static Allow any() { return Allow(true, {}); }
  static Allow only(std::vector<T> values) { return Allow(false, std::move(values)); }

  [[nodiscard]] bool is_any() const noexcept { return any_; }
  [[nodiscard]] const std::vector<T>& values() const noexcept { return values_; }
  [[nodiscard]] bool accepts(const T& value) const {
    return any_ || std::find(values_.begin(), values_.end(), value) != values_.end();
  }

 private:
  Allow(bool any, std::vector<T> values) : any_(any), values_(std::move(values)) {}

  bool any_;
  std::vector<T> values_;
};

/// Bits of a register that must be set, and bits that must be clear.
struct BitRule {
  std::uint64_t must = 0;
  std::uint64_t must_not = 0;

  [[nodiscard]] bool accepts(std::uint64_t raw) const noexcept {
    return (raw & must) == must && (raw & must_not) == 0;
  }
};

/// What LAUNCH_TCB, the firmware at the guest's launch, must be.
struct LaunchRule {
  std::map<snp::Product, snp::Tcb> floors;  ///< empty: any
  bool at_most_current = false;             ///< false: a migrated guest may have come from newer
};

/// Bits of the mitigation vectors that must be set. Before report version 5 they count as clear.
struct MitigationRule {
  std::uint64_t current = 0;
  std::uint64_t launch = 0;
};

/// Keys of single instances, one of which must have signed the claims (protocol.md, section 7).
struct InstanceRule {
  std::vector<Sha256Digest> pins;  ///< SHA-256 of SubjectPublicKeyInfos
  std::vector<Bytes> issuers;      ///< SubjectPublicKeyInfos, DER: who may have issued it

  friend bool operator==(const InstanceRule&, const InstanceRule&) = default;
};

/// One entry of accept[]: a guest that may come in.
struct GuestRule {
  std::string name;
  Covers covers = Covers::image;
  Allow<snp::Measurement> measurements = Allow<snp::Measurement>::only({});
  std::map<snp::Product, snp::Tcb> floors;  ///< its keys are the accepted products
  bool milan_accepted = false;              ///< on any chip, by the flag that says so
  LaunchRule launch;
  std::map<snp::Product, snp::FirmwareVersion> min_firmware;  ///< empty: any
  MitigationRule mitigations;
  bool debug_allowed = false;
  bool migration_allowed = false;
  BitRule guest_policy;
  std::optional<snp::AbiVersion> min_abi;  ///< nothing: any
  std::set<std::uint32_t> vmpls;
  BitRule platform;
  std::set<std::uint32_t> report_versions;
  Allow<snp::HostData> host_data = Allow<snp::HostData>::only({});
  Allow<snp::KeyDigest> id_keys = Allow<snp::KeyDigest>::only({});
  Allow<snp::KeyDigest> author_keys = Allow<snp::KeyDigest>::only({});
  Allow<snp::FamilyId> family_ids = Allow<snp::FamilyId>::only({});
  Allow<snp::ImageId> image_ids = Allow<snp::ImageId>::only({});
  std::uint32_t min_guest_svn = 0;
  Allow<snp::ChipId> chips = Allow<snp::ChipId>::only({});
  std::vector<snp::ChipId> denied_chips;
  Allow<std::string> csp_ids = Allow<std::string>::only({});
  /// PCRs of the SHA-256 bank of a vTPM, and the values that each may have. Empty: no evidence
  /// through a vTPM is accepted; otherwise no other is.
  std::map<std::uint32_t, std::vector<Sha256Digest>> pcrs;
  std::optional<InstanceRule> instance;  ///< nothing: an identity claim is not looked at
};

struct PolicyData {
  std::string name;
  std::uint64_t version = 0;
  std::optional<Timestamp> expires;
  ClockRule clock;
  std::vector<GuestRule> accept;
  std::optional<Revocation> revocation;
  std::vector<SimulatorRoot> simulators;
  std::optional<RootOfTrust> roots;  ///< filled by make_policy()
  Sha256Digest sha256;               ///< of the file, or of the summary
  bool spent = false;                ///< a builder's step was used twice
};

/// Checks what holds for every policy however it was written, and freezes it. Where `file` is
/// empty the hash is that of the summary. Errors: invalid_policy.
Result<Policy> make_policy(PolicyData data, ByteView file);

const PolicyData& data_of(const Policy& policy) noexcept;

}  // namespace ratls::detail
