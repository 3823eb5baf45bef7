/// Secrets that valgrind watches: memcheck reports every branch and every address that depends on
/// undefined bytes, so secrets are marked undefined (the idea of ctgrind).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <valgrind/memcheck.h>

#include <ratls/core/bytes.h>

namespace ratls::test {

/// From here on nothing may branch on these bytes or on what is computed from them.
inline void make_secret(std::span<const std::uint8_t> memory) {
  VALGRIND_MAKE_MEM_UNDEFINED(memory.data(), memory.size());
}

/// An output that everybody may see: from here on it may be looked at.
inline void make_public(std::span<const std::uint8_t> memory) {
  VALGRIND_MAKE_MEM_DEFINED(memory.data(), memory.size());
}

/// Does any bit of it depend on a secret? Reports nothing.
inline bool depends_on_secret(std::span<const std::uint8_t> memory) {
  std::vector<std::uint8_t> bits(memory.size());
  if (VALGRIND_GET_VBITS(memory.data(), bits.data(), bits.size()) != 1) return false;
  return !is_zero(bits);
}

/// How often memcheck saw a branch or an address depend on a secret while `work` ran.
template <class Work>
unsigned reports(Work&& work) {
  const unsigned before = VALGRIND_COUNT_ERRORS;
  work();
  return VALGRIND_COUNT_ERRORS - before;
}

}  // namespace ratls::test
