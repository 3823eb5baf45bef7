// Time, memory, and how the findings are shown.
#include "fake_machine.h"

using namespace ratls;
using namespace ratls::doctor;
using namespace ratls::test;

TEST_CASE("a clock before this release or after AMD's roots is refused, a kept one is praised") {
  Machine machine;
  machine.now = 0;
  CHECK(find(machine.diagnosis(), "clock").status == Status::fail);
  machine.now = 2'500'000'000;
  CHECK(find(machine.diagnosis(), "clock").status == Status::fail);
  machine.now = kToday;
  CHECK(find(machine.diagnosis(), "clock").status == Status::ok);
  auto facts = machine.facts();
  facts.synchronised = false;
  CHECK(find(diagnose(facts), "clock").status == Status::warn);
  facts.now.reset();
  CHECK(find(diagnose(facts), "clock").status == Status::fail);
}

TEST_CASE("memory that cannot be locked, and swap, are said") {
  Machine machine;
  auto facts = machine.facts();
  facts.locks_memory = true;
  facts.memlock.reset();
  CHECK(says(find(diagnose(facts), "memlock").got, "all of a process"));
  facts.memlock = 65536;
  CHECK(find(diagnose(facts), "memlock").status == Status::warn);
  facts.may_exceed_memlock = true;
  CHECK(find(diagnose(facts), "memlock").status == Status::ok);
  facts.may_exceed_memlock = false;
  facts.memlock = 8U << 20U;
  CHECK(find(diagnose(facts), "memlock").status == Status::ok);
  facts.swaps = {"/dev/vda2"};
  CHECK(find(diagnose(facts), "memlock").status == Status::warn);
  facts.locks_memory = false;
  CHECK(find(diagnose(facts), "memlock").status == Status::fail);
  CHECK(says(find(diagnose(facts), "memlock").fix, "LimitMEMLOCK"));
  machine.file("/proc/swaps", "Filename\tType\n/dev/vda2 partition\t1\n/swap\tfile\t2\n");
  const auto swapped = machine.diagnosis();
  CHECK(says(find(swapped, "swap").got, "/dev/vda2, /swap:"));
  CHECK(says(find(swapped, "swap").fix, "swapoff"));
}

TEST_CASE("the capability to lock memory is read from the kernel's status of the process") {
  Machine machine;
  CHECK_FALSE(machine.facts().may_exceed_memlock);
  machine.file("/proc/self/status", "Name:\tx\nCapEff:\t0000000000004000\n");
  CHECK(machine.facts().may_exceed_memlock);
}

TEST_CASE("the text has a line for each check, and its fix under what does not hold") {
  const auto got = Machine().diagnosis();
  const std::string text = text_of(got.checks);
  CHECK(
      text.starts_with(" FAIL  guest             not an SEV-SNP guest, Linux 6.12.9-amd64\n"
                       "                         fix   launch this machine"));
  for (const Check& check : got.checks) {
    CAPTURE(check.id);
    CHECK((check.status == Status::fail || check.status == Status::warn) == !check.fix.empty());
    CHECK(check.got.find('\n') == std::string::npos);
    CHECK_FALSE(check.got.empty());
  }
}

TEST_CASE("this machine itself can be looked at") {
  const SystemClock clock;
  const auto facts = look_at({}, clock);
  CHECK_FALSE(facts.kernel.empty());
  CHECK(facts.now);
  CHECK(diagnose(facts).checks.size() == 13);
}
