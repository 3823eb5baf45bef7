/// Memory that fails where a test says so: operator new, and malloc, calloc and realloc of all code
/// that is linked from archives, ours, mbedTLS's and AWS-LC's. Link with ratls_failing_memory().
#pragma once

#include <cstddef>

namespace ratls::test {

/// Which allocation fails, counted from fail() on.
struct MemoryPlan {
  enum class Thread : bool { others, this_one };
  std::size_t nth = 1;               ///< the first that fails, from 1
  bool and_later = false;            ///< and every later one
  Thread thread = Thread::this_one;  ///< of which threads; the rest is not counted
};

/// From now on, as planned. One plan at a time.
void fail_memory(const MemoryPlan& plan);
/// Ends the plan; says how many allocations were counted.
std::size_t stop_failing_memory();
/// Blocks that are allocated and not freed.
long live_blocks();

}  // namespace ratls::test
