// Runs one fuzz target over every file of the folders given: the seeds, without libFuzzer.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.h"

int main(int count, char** folders) {
  std::size_t files = 0;
  for (int i = 1; i < count; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(folders[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(file), {});
      const auto bytes = ratls::as_bytes(text);
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      // Cut short at each byte of its first 4 KB, in memory of exactly that size.
      for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 4096); ++size) {
        const ratls::Bytes prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        LLVMFuzzerTestOneInput(prefix.data(), prefix.size());
      }
      ++files;
    }
  }
  std::printf("%zu seeds\n", files);
  return files == 0 ? 1 : 0;
}
