/// The few file operations that configfs-tsm needs, so that a test can stand in for the kernel.
#pragma once

#include <memory>
#include <string>

#include <ratls/core/bytes.h>

namespace ratls::detail {

/// Entries below one report folder. Each function returns 0 or an errno. Threads: one at a time.
class TsmFiles {
 public:
  TsmFiles() = default;
  TsmFiles(const TsmFiles&) = delete;
  TsmFiles& operator=(const TsmFiles&) = delete;
  virtual ~TsmFiles() = default;
  virtual int make(const std::string& entry) = 0;
  virtual int remove(const std::string& entry) = 0;
  /// In one write(), as configfs wants it; what was taken short is EIO.
  virtual int write(const std::string& entry, const std::string& attribute, ByteView bytes) = 0;
  /// At most `max` bytes; more is EFBIG.
  virtual int read(const std::string& entry, const std::string& attribute, std::size_t max,
                   Bytes& out) = 0;
};

inline constexpr const char* kTsmFolder = "/sys/kernel/config/tsm/report";

/// The file system's own.
std::unique_ptr<TsmFiles> tsm_files(std::string folder);

}  // namespace ratls::detail
