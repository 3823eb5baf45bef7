#include "output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace ratls::cli {

namespace {

Stop failed(const std::string& path, int number) {
  return Stop{Exit::unavailable, path + ": " + std::generic_category().message(number)};
}

// A device or pipe is written to; renaming over it would remove it.
bool is_special(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

bool write_all(std::FILE* file, ByteView content) {
  return std::fwrite(content.data(), 1, content.size(), file) == content.size() &&
         std::fflush(file) == 0;
}

}  // namespace

std::optional<Stop> write_output(const std::string& path, ByteView content) {
  if (path == "-") {
    if (write_all(stdout, content)) return std::nullopt;
    return failed("standard output", errno);
  }
  const bool special = is_special(path);
  const std::string name = special ? path : path + "." + std::to_string(::getpid()) + ".tmp";
  std::FILE* const file = std::fopen(name.c_str(), special ? "wb" : "wbx");
  if (file == nullptr) return failed(path, errno);
  int number = write_all(file, content) ? 0 : errno;
  if (std::fclose(file) != 0 && number == 0) number = errno;
  if (special) return number == 0 ? std::nullopt : std::optional(failed(path, number));
  if (number == 0 && std::rename(name.c_str(), path.c_str()) == 0) return std::nullopt;
  if (number == 0) number = errno;
  std::remove(name.c_str());
  return failed(path, number);
}

}  // namespace ratls::cli
