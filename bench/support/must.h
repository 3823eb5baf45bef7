/// A benchmark that meets an error has nothing to measure: it says so and ends.
#pragma once

#include <cstdlib>
#include <iostream>

#include <ratls/core/result.h>

namespace ratls::bench {

[[noreturn]] inline void die(const Error& error) {
  std::cerr << "bench: " << error.message() << "\n";
  std::exit(70);
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error());
  return std::move(result).value();
}

inline void must(const Result<void>& result) {
  if (!result) die(result.error());
}

}  // namespace ratls::bench
