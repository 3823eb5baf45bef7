/// What the fuzz targets share. Each file defines LLVMFuzzerTestOneInput() and is built twice: with
/// libFuzzer (scripts/fuzz), and with replay_main.cpp into a test that runs the seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <ratls/core/bytes.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ratls::fuzz {

/// An oracle: what must hold for every input.
inline void must(bool holds) {
  if (!holds) std::abort();
}

/// Does `part` stand somewhere in `whole`?
inline bool contains(ByteView whole, ByteView part) {
  return part.empty() ||
         std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end();
}

}  // namespace ratls::fuzz
