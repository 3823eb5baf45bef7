/// What a machine shows of its doors to the firmware. Nothing is asked of the firmware itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/clock.h>

namespace ratls::doctor {

/// EAX to EDX of one leaf of CPUID; nothing where there is no such instruction.
using Cpuid = std::function<std::optional<std::vector<std::uint32_t>>(std::uint32_t leaf)>;

/// An Azure guest's vTPM, and the metadata service that has its VCEK.
struct AzureFacts {
  bool built = false;          ///< this build talks to TPMs (RATLS_TPM)
  std::string vtpm;            ///< why it cannot be talked to; empty: it can
  bool report = false;         ///< NV index 0x01400001 is there
  std::string unread;          ///< why no HCL report was read from it; empty: one was
  bool key = false;            ///< there is a key at 0x81000003
  bool asked = false;          ///< the metadata service was asked
  std::string no_endorsement;  ///< why it gave no VCEK for the report; empty: it did
};

/// Where to look. The defaults are this machine and this process.
struct Place {
  std::string root;  ///< set before every path, for tests; empty: the machine's own
  Cpuid cpuid;       ///< empty: this processor's, or nothing where `root` is set
  /// An Azure guest's TPM, in the words of tpm2-tss. Set: it is looked at whatever the processor
  /// says; empty: /dev/tpmrm0 of an Azure guest, where `root` is empty too.
  std::string tcti;
  bool offline = false;  ///< the metadata service is not asked
};

/// What the processor says; a guest's hypervisor may have filled it in.
struct Processor {
  bool hypervisor = false;  ///< leaf 1, ECX bit 31: this is a guest
  bool snp = false;         ///< leaf 0x8000001f, EAX bit 4
  unsigned isolation = 0;   ///< Hyper-V's leaf 0x4000000c, EBX bits 3:0: 2 is SEV-SNP
};

/// The folder of configfs-tsm, and what an entry of its own said.
struct TsmFolder {
  bool supported = false;  ///< /proc/filesystems has configfs
  bool mounted = false;
  int access = 0;  ///< 0: entries can be made; else an errno
  int entry = 0;   ///< of the entry that was made and removed; 0 or an errno
  std::string provider;
  std::optional<std::string> floor;  ///< privlevel_floor
  bool services = false;             ///< it offers reports that an SVSM binds to a manifest
};

/// Is the driver's file there for this kernel?
enum class DriverFile : std::uint8_t { unknown, missing, present };

struct MachineFacts {
  bool administrator = false;  ///< effective user 0
  std::string kernel;          ///< "6.1.0-37-cloud-amd64"
  std::optional<Processor> processor;
  std::optional<std::uint64_t> sev_status;  ///< MSR_AMD64_SEV, where it may be read
  bool guest_device = false;                ///< the kernel made a platform device for the driver
  bool guest_folder = false;                ///< /sys/devices/system/cpu/sev
  std::optional<std::string> vmpl;          ///< the file of that name in it
  bool host_device = false;                 ///< /dev/sev: a host's side
  std::string vendor;                       ///< DMI system vendor
  bool driver_loaded = false;
  DriverFile driver_file = DriverFile::unknown;
  int device = 0;                   ///< of opening /dev/sev-guest; 0 or an errno
  int tpm = 0;                      ///< of opening /dev/tpmrm0; 0 or an errno
  std::optional<AzureFacts> azure;  ///< nothing where it was not looked at
  TsmFolder tsm;
  std::optional<Timestamp> now;
  std::optional<bool> synchronised;      ///< the kernel's word on its clock
  std::optional<std::uint64_t> memlock;  ///< soft limit, bytes; nothing: no limit
  bool may_exceed_memlock = false;       ///< CAP_IPC_LOCK
  bool locks_memory = false;             ///< a secret could be locked just now
  std::vector<std::string> swaps;        ///< what this machine swaps to
};

/// Is it a confidential guest of Azure's?
bool is_azure(const MachineFacts& facts) noexcept;

/// Looks. Opens the devices and closes them, makes one entry in configfs-tsm and removes it; of an
/// Azure guest's vTPM it reads one index, and asks the metadata service, 2 s at most.
MachineFacts look_at(const Place& place, const Clock& clock);

}  // namespace ratls::doctor
