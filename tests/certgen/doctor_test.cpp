// Each situation that a user may be in, as a folder that looks like the machine.
#include "fake_machine.h"

#include <cerrno>

using namespace ratls;
using namespace ratls::doctor;
using namespace ratls::test;

namespace {

// A hypervisor, and AMD's leaf with the bit of SEV-SNP.
std::map<std::uint32_t, std::vector<std::uint32_t>> leaves_of_snp() {
  return {{0, {0xd, 0, 0, 0}},
          {1, {0, 0, 1U << 31U, 0}},
          {0x80000000, {0x80000023, 0, 0, 0}},
          {0x8000001f, {1U << 4U, 0, 0, 0}}};
}

}  // namespace

TEST_CASE("a machine that is no SEV-SNP guest is told so, and nothing about drivers") {
  Machine machine;
  const char* words = "not an SEV-SNP guest";
  SECTION("a bare machine") {
    machine.leaves = {{0, {1, 0, 0, 0}}, {1, {0, 0, 0, 0}}};
  }
  SECTION("an EPYC host: the processor can do it, and /dev/sev is its side") {
    machine.leaves = leaves_of_snp();
    machine.leaves[1][2] = 0;
    machine.file("/dev/sev", "");
    words = "host's side";
  }
  SECTION("a virtual machine without it") {
    machine.leaves = {{0, {1, 0, 0, 0}}, {1, {0, 0, 1U << 31U, 0}}};
    words = "a virtual machine, but not an SEV-SNP guest";
  }
  const auto got = machine.diagnosis();
  CHECK(got.door == Door::none);
  CHECK(find(got, "guest").status == Status::fail);
  CHECK(says(find(got, "guest").got, words));
  CHECK(says(find(got, "guest").fix, "ratls sim init"));
  for (const auto* id : {"driver", "configfs_tsm", "sev_guest_device", "azure_vtpm"}) {
    CHECK(find(got, id).status == Status::skipped);
  }
}

TEST_CASE("an SEV-SNP guest without its driver is told to load or to install it") {
  Machine machine;
  SECTION("the kernel made the device") {
    machine.snp_guest();
  }
  SECTION("the processor says so") {
    machine.leaves = leaves_of_snp();
  }
  SECTION("the kernel has the folder of SEV") {
    machine.folder("/sys/devices/system/cpu/sev");
  }
  const auto missing = machine.diagnosis();
  CHECK(find(missing, "guest").status == Status::ok);
  CHECK(find(missing, "driver").status == Status::fail);
  CHECK(says(find(missing, "driver").got, "has no driver"));
  CHECK(says(find(missing, "driver").fix, "CONFIG_SEV_GUEST"));
  machine.file("/lib/modules/6.12.9-amd64/modules.dep",
               "kernel/drivers/virt/coco/sev-guest/sev-guest.ko.xz: kernel/a.ko\n");
  const auto there = machine.diagnosis();
  CHECK(says(find(there, "driver").got, "not loaded"));
  CHECK(says(find(there, "driver").fix, "modprobe sev-guest"));
  CHECK(find(there, "sev_guest_device").status == Status::skipped);
  CHECK(find(there, "configfs_tsm").status == Status::skipped);
}

TEST_CASE("a door that this user may not open is told apart from one that is not there") {
  Machine machine;
  machine.snp_guest().driver().device().folder("/sys/kernel/config/tsm/report");
  const Nobody nobody;
  const auto got = machine.diagnosis();
  CHECK(got.door == Door::none);
  CHECK(find(got, "driver").status == Status::ok);
  CHECK(find(got, "sev_guest_device").status == Status::fail);
  CHECK(says(find(got, "sev_guest_device").got, "no permission"));
  CHECK(says(find(got, "sev_guest_device").fix, "udev"));
  CHECK(find(got, "configfs_tsm").status == Status::fail);
  CHECK(says(find(got, "configfs_tsm").fix, "run as root"));
}

TEST_CASE("one open door is enough: what is in the way of the other is a warning") {
  Machine machine;
  machine.snp_guest().driver().device().mode("/dev/sev-guest", 0666);
  machine.folder("/sys/kernel/config/tsm/report");
  const Nobody nobody;
  const auto got = machine.diagnosis();
  CHECK(got.door == Door::sev_guest);
  CHECK(name(got.door) == "sev-guest");
  CHECK(find(got, "configfs_tsm").status == Status::warn);
  CHECK_FALSE(has_failure(got.checks));
}

TEST_CASE("on kernels before 6.7 the device is the door") {
  Machine machine;
  machine.snp_guest().driver().device();
  machine.file("/proc/sys/kernel/osrelease", "6.1.0-37-cloud-amd64\n");
  const auto got = machine.diagnosis();
  CHECK(got.door == Door::sev_guest);
  CHECK(find(got, "configfs_tsm").status == Status::skipped);
  CHECK(says(find(got, "configfs_tsm").got, "6.7"));
  CHECK_FALSE(has_failure(got.checks));
}

TEST_CASE("configfs that is not mounted, and a driver without configfs-tsm, have their fix") {
  Machine machine;
  machine.snp_guest().driver();
  CHECK(says(find(machine.diagnosis(), "configfs_tsm").fix, "modprobe configfs"));
  machine.file("/proc/self/mounts", "sysfs /sys sysfs rw 0 0\n");
  CHECK(says(find(machine.diagnosis(), "configfs_tsm").fix, "mount -t configfs"));
  machine.device();
  CHECK(find(machine.diagnosis(), "configfs_tsm").status == Status::warn);
}

TEST_CASE("facts of configfs-tsm are judged: provider, level, and an entry that fails") {
  MachineFacts facts;
  facts.guest_device = facts.driver_loaded = true;
  facts.device = ENOENT;
  facts.tsm.provider = "sev_guest";
  SECTION("it works, below an SVSM") {
    facts.tsm.floor = "2";
    facts.tsm.services = true;
    const auto got = diagnose(facts);
    CHECK(got.door == Door::configfs);
    CHECK(find(got, "provider").status == Status::ok);
    CHECK(says(find(got, "vmpl").got, "\"vmpl\": [2]"));
    CHECK(says(find(got, "vmpl").got, "SVSM"));
  }
  SECTION("Intel's") {
    facts.tsm.provider = "tdx_guest";
    const auto got = diagnose(facts);
    CHECK(got.door == Door::none);
    CHECK(find(got, "provider").status == Status::fail);
  }
  SECTION("the entry fails") {
    facts.tsm.provider.clear();
    facts.tsm.entry = ENXIO;
    const auto got = diagnose(facts);
    CHECK(find(got, "configfs_tsm").status == Status::fail);
    CHECK(says(find(got, "configfs_tsm").fix, "modprobe"));
    CHECK(says(find(got, "configfs_tsm").fix, "rmdir"));
    CHECK(find(got, "provider").status == Status::skipped);
  }
  SECTION("the device is there and busy") {
    facts.tsm.access = ENOENT;
    facts.device = EBUSY;
    const auto got = diagnose(facts);
    CHECK(find(got, "sev_guest_device").status == Status::fail);
    CHECK(says(find(got, "sev_guest_device").fix, "other program"));
  }
}

TEST_CASE("on Azure the vTPM is the door") {
  Machine machine;
  machine.leaves = {{0, {1, 0, 0, 0}},
                    {1, {0, 0, 1U << 31U, 0}},
                    {0x40000000, {0x4000000c, 0, 0, 0}},
                    {0x4000000c, {0, 2, 0, 0}}};
  const auto without = machine.diagnosis();
  CHECK(find(without, "guest").status == Status::ok);
  CHECK(find(without, "driver").status == Status::skipped);
  CHECK(find(without, "azure_vtpm").status == Status::fail);
  machine.file("/dev/tpmrm0", "");
  CHECK(find(machine.diagnosis(), "azure_vtpm").status == Status::skipped);
  machine.mode("/dev/tpmrm0", 0600);
  const Nobody nobody;
  CHECK(says(find(machine.diagnosis(), "azure_vtpm").fix, "tss"));
}

TEST_CASE("each link of Azure's door is judged for itself, and has its fix") {
  MachineFacts facts;
  facts.device = facts.tsm.access = ENOENT;
  AzureFacts& azure = facts.azure.emplace();
  azure.built = azure.report = azure.key = azure.asked = true;
  SECTION("everything is there") {
    const auto got = diagnose(facts);
    CHECK(got.door == Door::azure_vtpm);
    for (const auto* id : {"azure_vtpm", "azure_report", "azure_key", "azure_endorsement"}) {
      CHECK(find(got, id).status == Status::ok);
    }
  }
  SECTION("a build without tpm2-tss") {
    azure = AzureFacts();
    azure.vtpm = "no support";
    const auto got = diagnose(facts);
    CHECK(got.door == Door::none);
    CHECK(find(got, "azure_vtpm").status == Status::fail);
    CHECK(says(find(got, "azure_vtpm").fix, "RATLS_TPM=ON"));
    CHECK(find(got, "azure_key").status == Status::skipped);
  }
  SECTION("a TPM that does not answer") {
    azure.vtpm = "the TPM, opening it: tcti:IO failure";
    CHECK(diagnose(facts).door == Door::none);
    CHECK(find(diagnose(facts), "azure_vtpm").got == azure.vtpm);
    CHECK(says(find(diagnose(facts), "azure_vtpm").fix, "dmesg"));
  }
  SECTION("a TPM of another machine") {
    azure.report = azure.asked = false;
    CHECK(diagnose(facts).door == Door::none);
    CHECK(find(diagnose(facts), "azure_report").status == Status::fail);
    CHECK(says(find(diagnose(facts), "azure_report").fix, "ConfidentialVM"));
    CHECK(find(diagnose(facts), "azure_endorsement").status == Status::skipped);
  }
  SECTION("an index that cannot be read") {
    azure.unread = "io_error: the TPM";
    CHECK(diagnose(facts).door == Door::none);
    CHECK(find(diagnose(facts), "azure_report").status == Status::fail);
    CHECK(says(find(diagnose(facts), "azure_report").fix, "tpm2_nvread"));
  }
  SECTION("no attestation key") {
    azure.key = false;
    CHECK(diagnose(facts).door == Door::none);
    CHECK(find(diagnose(facts), "azure_key").status == Status::fail);
    CHECK(says(find(diagnose(facts), "azure_key").fix, "restart the VM"));
  }
  SECTION("a metadata service that cannot be reached is no obstacle") {
    azure.no_endorsement = "no answer in time";
    CHECK(diagnose(facts).door == Door::azure_vtpm);
    CHECK(find(diagnose(facts), "azure_endorsement").status == Status::warn);
    CHECK(says(find(diagnose(facts), "azure_endorsement").fix, "169.254.169.254"));
  }
}
