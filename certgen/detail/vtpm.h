/// What is asked of an Azure VM's vTPM.
#pragma once

#include <memory>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::detail {

// docs/snp.md, section 6: where Azure's paravisor keeps what.
inline constexpr std::uint32_t kHclReportIndex = 0x01400001;
inline constexpr std::uint32_t kHclRequestIndex = 0x01400002;
inline constexpr std::uint32_t kVtpmAttestationKey = 0x81000003;

/// Threads: one at a time. Errors of all functions: no_report_device (absent, or not permitted),
/// io_error (what the TPM said, in words).
class VtpmDoor {
 public:
  VtpmDoor() = default;
  VtpmDoor(const VtpmDoor&) = delete;
  VtpmDoor& operator=(const VtpmDoor&) = delete;
  virtual ~VtpmDoor() = default;

  /// Is there an NV index, or a persistent object, of this handle?
  virtual Result<bool> has(std::uint32_t handle) = 0;
  /// All that the index holds.
  virtual Result<Bytes> read_index(std::uint32_t index) = 0;
  virtual Result<void> write_index(std::uint32_t index, ByteView value) = 0;

  struct Quote {
    Bytes attest;     ///< TPMS_ATTEST
    Bytes signature;  ///< RSASSA-PKCS1-v1_5 with SHA-256
  };
  /// Over all 24 PCRs of the SHA-256 bank, by the key at `key`, which needs no password.
  virtual Result<Quote> quote(std::uint32_t key, ByteView qualifying_data) = 0;
  /// The 24 PCRs of the SHA-256 bank, 32 bytes each.
  virtual Result<Bytes> read_pcrs() = 0;
};

/// Does this build talk to TPMs (RATLS_TPM)?
bool has_vtpm_support() noexcept;

/// `tcti` in the words of tpm2-tss, e.g. "device:/dev/tpmrm0".
/// Errors: no_report_device, also where this build has no TPM support.
Result<std::unique_ptr<VtpmDoor>> open_vtpm(const std::string& tcti);

}  // namespace ratls::detail
