/// The simulator's secure processor as a test's guest sees it: reports for a level, and the table
/// of certificates that a host hands out with them. What it signs proves nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <ratls/certgen/sim/processor.h>
#include <ratls/certgen/sim/throttle.h>
#include <ratls/core/bytes.h>

namespace ratls::test {

struct FirmwareOptions {
  std::string simulator;               ///< folder of `ratls sim init`
  unsigned level = 0;                  ///< VMPL of the guest; a request for a lower one is refused
  std::chrono::milliseconds delay{0};  ///< before each answer
  std::string fault;  ///< a file; while it holds a number, that errno is the answer
};

/// One answer: an errno, or a status of the firmware with a report where that is 0.
struct Answer {
  int code = 0;
  std::uint32_t status = 0;
  Bytes report;
};

/// Threads: one at a time.
class Firmware {
 public:
  static Result<std::unique_ptr<Firmware>> open(FirmwareOptions options);

  /// `data` is REPORT_DATA, 64 bytes.
  Answer answer(unsigned level, ByteView data);
  [[nodiscard]] const Bytes& table() const noexcept { return table_; }

 private:
  Firmware(FirmwareOptions options, sim::Authority authority);

  FirmwareOptions options_;
  sim::Authority authority_;
  sim::SystemSleeper sleeper_;
  std::unique_ptr<sim::Processor> processor_;
  Bytes table_;
};

}  // namespace ratls::test
