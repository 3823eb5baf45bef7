/// The kernel's side of configfs-tsm, as drivers/virt/coco/guest/report.c and the provider of
/// sev-guest behave, with faults on demand. No file system in it: fuse_mount.h shows it as one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <ratls/core/bytes.h>

namespace ratls::test {

/// What the firmware would answer: a report of 1184 bytes over `data`, for `level`.
using MakeReport = std::function<Bytes(ByteView data, unsigned level)>;

/// A report that nothing signed: REPORT_DATA, VMPL, and zeros.
Bytes unsigned_report(ByteView data, unsigned level);

/// Everything that can be wrong. Set before the mount; counters are read afterwards.
struct TsmFaults {
  struct Fail {
    int code = 0;
    int times = -1;  ///< -1: always
  };
  std::map<std::string, Fail> open;   ///< by attribute
  std::map<std::string, Fail> read;   ///< by attribute
  std::map<std::string, Fail> write;  ///< by attribute
  Fail mkdir;
  Fail rmdir;
  std::string provider = "sev_guest\n";
  unsigned floor = 0;
  std::optional<std::string> floor_text;  ///< in place of the number
  std::optional<std::string> generation_text;
  std::vector<std::string> missing;  ///< attributes that this kernel does not have
  Bytes table;                       ///< auxblob
  bool svsm = false;                 ///< has the attributes of services
  bool always_bound = false;         ///< binds the manifest though nobody asked
  int foreign_writes = 0;            ///< somebody writes another inblob before so many outblobs
  Bytes foreign_blob = Bytes(64, 0xee);
  int wrong_echoes = 0;             ///< so many reports are over something else
  std::size_t short_write = 64;     ///< the most bytes that a write of inblob takes
  std::optional<std::size_t> size;  ///< of outblob
  std::chrono::milliseconds delay{0};
  bool vanish = false;  ///< at the first read of outblob the file system goes away
};

class TsmKernel {
 public:
  explicit TsmKernel(TsmFaults faults = {}, MakeReport make = unsigned_report)
      : faults_(std::move(faults)), make_(std::move(make)) {}

  /// Each returns 0 or an errno.
  int make(const std::string& entry);
  int remove(const std::string& entry);
  int open(const std::string& entry, const std::string& attribute);
  int read(const std::string& entry, const std::string& attribute, Bytes& out);
  /// Says in `taken` how many bytes it took.
  int write(const std::string& entry, const std::string& attribute, ByteView bytes,
            std::size_t& taken);
  [[nodiscard]] bool has(const std::string& entry) const;
  [[nodiscard]] bool has(const std::string& entry, const std::string& attribute) const;
  [[nodiscard]] std::vector<std::string> entries() const;
  [[nodiscard]] std::vector<std::string> attributes() const;
  /// Called where the device vanishes.
  std::function<void()> on_vanish;

  [[nodiscard]] int made() const noexcept { return made_; }
  [[nodiscard]] int reports() const noexcept { return reports_; }
  [[nodiscard]] unsigned last_level() const noexcept { return last_level_; }

 private:
  struct Entry {
    std::uint64_t writes = 0;
    std::uint64_t answered = 0;  ///< the count of writes that `report` is for
    Bytes inblob;
    unsigned level = 0;
    bool bound = false;  ///< service_provider was written
    std::optional<Bytes> report;
  };

  int generate(Entry& entry);
  int answer(Entry& entry, const std::string& attribute, Bytes& out);

  TsmFaults faults_;
  MakeReport make_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  int made_ = 0;
  int reports_ = 0;
  unsigned last_level_ = 0;
};

}  // namespace ratls::test
