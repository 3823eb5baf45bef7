#include "tsm_matrix.h"

#include <cerrno>
#include <utility>

#include <ratls/core/reader.h>

namespace ratls::test {

namespace {

constexpr const char* kVcek = "63da758de6644564adc5f4b93be8accd";

TsmFaults read_fails(const std::string& attribute, int code, int times = -1) {
  TsmFaults out;
  out.read[attribute] = {code, times};
  return out;
}
TsmFaults write_fails(const std::string& attribute, int code, int times = -1) {
  TsmFaults out;
  out.write[attribute] = {code, times};
  return out;
}
TsmFaults open_fails(const std::string& attribute, int code, int times = -1) {
  TsmFaults out;
  out.open[attribute] = {code, times};
  return out;
}
/// Calls that fail.
std::vector<Refused> failing_calls() {
  using R = Reason;
  const auto mkdir_fails = [](int code) {
    return with([&](TsmFaults& f) { f.mkdir = {code, -1}; });
  };
  return {
      {"mkdir EACCES", mkdir_fails(EACCES), R::no_report_device, "run as root"},
      {"mkdir EPERM", mkdir_fails(EPERM), R::no_report_device, "run as root"},
      {"mkdir ENXIO", mkdir_fails(ENXIO), R::no_report_device, "modprobe sev-guest"},
      {"mkdir ENXIO: entries keep the driver out", mkdir_fails(ENXIO), R::no_report_device,
       "rmdir"},
      {"mkdir ENOSPC", mkdir_fails(ENOSPC), R::io_error, "space"},
      {"mkdir ENOMEM", mkdir_fails(ENOMEM), R::io_error, "memory"},
      {"every name is taken", mkdir_fails(EEXIST), R::io_error, "every name"},
      {"inblob EACCES", open_fails("inblob", EACCES), R::no_report_device, "run as root"},
      {"inblob EBUSY: the counter would wrap", write_fails("inblob", EBUSY), R::firmware_throttled,
       "inblob"},
      {"inblob EINVAL", write_fails("inblob", EINVAL), R::io_error, "inblob"},
      {"inblob EINTR for ever", write_fails("inblob", EINTR), R::io_error, "inblob"},
      {"inblob taken short", with([](TsmFaults& f) { f.short_write = 63; }), R::io_error, "inblob"},
      {"outblob EBUSY", read_fails("outblob", EBUSY), R::firmware_throttled, "outblob"},
      {"outblob EAGAIN", read_fails("outblob", EAGAIN), R::firmware_throttled, "outblob"},
      {"outblob ETIMEDOUT", read_fails("outblob", ETIMEDOUT), R::firmware_throttled, "wipes"},
      {"outblob ENOTTY: the key is wiped", read_fails("outblob", ENOTTY), R::firmware_gone,
       "outblob"},
      {"outblob EIO", read_fails("outblob", EIO), R::io_error, "outblob"},
      {"outblob EBADMSG", read_fails("outblob", EBADMSG), R::io_error, "outblob"},
      {"outblob EINVAL", read_fails("outblob", EINVAL), R::io_error, "outblob"},
      {"outblob EACCES", open_fails("outblob", EACCES), R::no_report_device, "run as root"},
      {"outblob ENXIO: the driver left", read_fails("outblob", ENXIO), R::no_report_device,
       "modprobe"},
  };
}

/// Calls that succeed, with something else than they should give.
std::vector<Refused> wrong_contents() {
  using R = Reason;
  return {
      {"outblob is not there", with([](TsmFaults& f) { f.missing = {"outblob"}; }),
       R::no_report_device, "outblob"},
      {"outblob empty", with([](TsmFaults& f) { f.size = 0; }), R::malformed_report, "0 bytes"},
      {"outblob short", with([](TsmFaults& f) { f.size = 1183; }), R::malformed_report, "1183"},
      {"outblob with the ioctl's header", with([](TsmFaults& f) { f.size = 1216; }),
       R::malformed_report, "1216"},
      {"outblob oversize", with([](TsmFaults& f) { f.size = 5000; }), R::io_error, "outblob"},
      {"auxblob EIO", read_fails("auxblob", EIO), R::io_error, "auxblob"},
      {"auxblob oversize", with([](TsmFaults& f) { f.table = Bytes(65537, 0); }), R::io_error,
       "auxblob"},
      {"Intel's provider", with([](TsmFaults& f) { f.provider = "tdx_guest\n"; }),
       R::no_report_device, "tdx_guest"},
      {"Arm's provider", with([](TsmFaults& f) { f.provider = "arm_cca_guest\n"; }),
       R::no_report_device, "arm_cca_guest"},
      {"no provider", read_fails("provider", ENXIO), R::no_report_device, "provider"},
      {"generation is no number", with([](TsmFaults& f) { f.generation_text = "x\n"; }),
       R::io_error, "generation"},
      {"generation stands still", with([](TsmFaults& f) { f.generation_text = "0\n"; }),
       R::report_echo_mismatch, "another program"},
      {"a floor that is no number", with([](TsmFaults& f) { f.floor_text = "low\n"; }), R::io_error,
       "privlevel_floor"},
      {"a floor above 3", with([](TsmFaults& f) { f.floor_text = "4\n"; }), R::io_error, "above 3"},
      {"a level that the kernel refuses", with([](TsmFaults& f) {
         f.floor = 2;
         f.write["privlevel"] = {EINVAL, -1};
       }),
       R::io_error, "privlevel"},
      {"a second writer that never stops", with([](TsmFaults& f) { f.foreign_writes = 100; }),
       R::report_echo_mismatch, "another program"},
      {"a second writer that never stops, of what no firmware takes", with([](TsmFaults& f) {
         f.foreign_writes = 100;
         f.foreign_blob = Bytes(5, 0xee);
       }),
       R::report_echo_mismatch, "another program"},
      {"REPORT_DATA of somebody else", with([](TsmFaults& f) { f.wrong_echoes = 100; }),
       R::report_echo_mismatch, "other REPORT_DATA"},
      {"a report bound to an SVSM's manifest",
       with([](TsmFaults& f) { f.svsm = f.always_bound = true; }), R::report_echo_mismatch,
       "manifest"},
      {"the file system goes away", with([](TsmFaults& f) { f.vanish = true; }), R::io_error,
       "outblob"},
  };
}

}  // namespace

Bytes table(std::uint32_t offset, std::uint32_t length, const std::string& contents, bool ends) {
  Writer out;
  out.bytes(*from_hex(kVcek)).u32le(offset).u32le(length);
  if (ends) out.zeros(24);
  return std::move(out.bytes(as_bytes(contents))).take();
}

std::vector<Refused> refusals() {
  auto out = failing_calls();
  for (auto& row : wrong_contents()) out.push_back(std::move(row));
  return out;
}

std::vector<Passed> passes() {
  const auto has_table = [](Bytes bytes) {
    return with([&](TsmFaults& f) { f.table = std::move(bytes); });
  };
  return {
      {"nothing wrong, and a certificate", has_table(table(48, 4, "leaf")), true},
      {"a table padded to a page", has_table(table(48, 4, "leaf" + std::string(4044, '\0'))), true},
      {"no auxblob", with([](TsmFaults& f) { f.missing = {"auxblob"}; }), false},
      {"an empty auxblob", {}, false},
      {"no privlevel_floor: Linux 6.7", with([](TsmFaults& f) { f.missing = {"privlevel_floor"}; }),
       false},
      {"stale entries with the first names", with([](TsmFaults& f) {
         f.mkdir = {EEXIST, 2};
       }),
       false},
      {"an interrupted mkdir", with([](TsmFaults& f) {
         f.mkdir = {EINTR, 2};
       }),
       false},
      {"an interrupted write", write_fails("inblob", EINTR, 2), false},
      {"an interrupted read", read_fails("outblob", EINTR, 2), false},
      {"a second writer, twice", with([](TsmFaults& f) { f.foreign_writes = 2; }), false},
      {"a second writer of what no firmware takes, twice", with([](TsmFaults& f) {
         f.foreign_writes = 2;
         f.foreign_blob = Bytes(5, 0xee);
       }),
       false},
      {"a slow answer", with([](TsmFaults& f) { f.delay = std::chrono::milliseconds(700); }),
       false},
      {"an entry that is busy when it is to go", with([](TsmFaults& f) {
         f.rmdir = {EBUSY, 2};
       }),
       false},
      {"an offset behind the table", has_table(table(4000, 4, "leaf")), false},
      {"an offset and a length that wrap", has_table(table(0xfffffff0, 0x40, "leaf")), false},
      {"contents over the list", has_table(table(0, 24, "leaf")), false},
      {"a table without an end", has_table(table(24, 4, "leaf", false)), false},
      {"a certificate of no bytes", has_table(table(48, 0, "leaf")), false},
      {"an SVSM whose services nobody asked for", with([](TsmFaults& f) { f.svsm = true; }), false},
  };
}

}  // namespace ratls::test
