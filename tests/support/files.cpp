#include "files.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace ratls::test {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  std::cerr << what << '\n';
  std::abort();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ratls-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::optional<Bytes> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

void write_file(const std::string& path, ByteView content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  const std::string text = to_string(content);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!out.flush()) give_up("cannot write " + path);
}

CommandResult run_command(const std::string& command) {
  CommandResult result;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer{};
  for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

std::optional<std::string> shared_vectors() {
  const auto folder = std::filesystem::path(RATLS_SOURCE_DIR).parent_path() / "shared/vectors/snp";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder.string();
}

}  // namespace ratls::test
