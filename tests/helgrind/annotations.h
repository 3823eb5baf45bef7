/// What helgrind, which knows nothing of atomics, must be told of std::shared_ptr: whoever let go
/// before has happened before the last owner destroys. libstdc++ has hooks for exactly this
/// (bits/c++config.h); included before everything else where RATLS_HELGRIND is on.
#pragma once

#if defined(__cplusplus)
#include <valgrind/helgrind.h>

#define _GLIBCXX_SYNCHRONIZATION_HAPPENS_BEFORE(count) ANNOTATE_HAPPENS_BEFORE(count)
// The count is over: another object's at the same address must inherit nothing.
#define _GLIBCXX_SYNCHRONIZATION_HAPPENS_AFTER(count) \
  do {                                                \
    ANNOTATE_HAPPENS_AFTER(count);                    \
    ANNOTATE_HAPPENS_BEFORE_FORGET_ALL(count);        \
  } while (false)
#endif
