/// Where exceptions end: memory that ran out is an Error like any other.
#pragma once

#include <new>

#include <ratls/core/result.h>

namespace ratls {

/// What `work` returns, a Result; reason out_of_memory where it threw std::bad_alloc. Takes no
/// memory itself.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error(Reason::out_of_memory);
  }
}

/// Does an error code of mbedTLS's crypto or X.509 say that memory ran out?
bool ran_out_of_memory(int mbedtls_code) noexcept;

}  // namespace ratls
