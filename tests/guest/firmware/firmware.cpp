#include "firmware.h"

#include <cerrno>
#include <fstream>
#include <thread>
#include <utility>

#include <ratls/core/clock.h>
#include <ratls/core/reader.h>

namespace ratls::test {

namespace {

constexpr const char* kVcek = "63da758de6644564adc5f4b93be8accd";  // AMD 56421, table of GHCB
constexpr std::uint32_t kEntries = 48;                             // one, and the empty last one
constexpr std::uint32_t kInvalidParameter = 0x16;                  // AMD 56860, status codes
constexpr std::int64_t kDay = 86400;

int fault_in(const std::string& file) {
  int code = 0;
  std::ifstream(file) >> code;
  return code;
}

}  // namespace

Firmware::Firmware(FirmwareOptions options, sim::Authority authority)
    : options_(std::move(options)), authority_(std::move(authority)) {}

Result<std::unique_ptr<Firmware>> Firmware::open(FirmwareOptions options) {
  RATLS_TRY(auto authority, sim::Authority::open(options.simulator));
  std::unique_ptr<Firmware> out(new Firmware(std::move(options), std::move(authority)));
  const auto now = SystemClock().now();
  if (!now) return Error(Reason::no_time);
  RATLS_TRY(
      out->processor_,
      sim::Processor::make(out->authority_, sim::processor_of(out->authority_, sim::Product::milan),
                           Timestamp{now->unix_seconds - kDay}, out->sleeper_));
  const Bytes& leaf = out->processor_->endorsement();
  Writer table;
  table.bytes(*from_hex(kVcek)).u32le(kEntries).u32le(static_cast<std::uint32_t>(leaf.size()));
  table.zeros(kEntries - 24).bytes(leaf);
  out->table_ = std::move(table).take();
  return out;
}

Answer Firmware::answer(unsigned level, ByteView data) {
  std::this_thread::sleep_for(options_.delay);
  if (const int code = fault_in(options_.fault)) return {code, 0, {}};
  if (level < options_.level || level > 3) return {0, kInvalidParameter, {}};
  const auto wanted = ReportData::from(data);
  if (!wanted) return {EINVAL, 0, {}};
  sim::ReportOptions report = processor_->report();
  report.vmpl = level;
  auto made = sim::make_report(processor_->key(), report, *wanted);
  if (!made) return {EIO, 0, {}};
  return {0, 0, *std::move(made)};
}

}  // namespace ratls::test
