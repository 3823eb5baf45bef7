/// Files and programs for tests.
#pragma once

#include <optional>
#include <string>

#include <ratls/core/bytes.h>

namespace ratls::test {

/// A fresh folder of mode 0700, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Nothing where the file cannot be read.
std::optional<Bytes> read_file(const std::string& path);
/// Replaces the file. Aborts where it cannot be written.
void write_file(const std::string& path, ByteView content);

/// What a shell command did.
struct CommandResult {
  int status = -1;     ///< exit status; 127: no such program
  std::string output;  ///< standard output and standard error
};
CommandResult run_command(const std::string& command);

/// The folder with genuine evidence beside the project, or nothing where it is absent; the test
/// then skips and says so.
std::optional<std::string> shared_vectors();

}  // namespace ratls::test
