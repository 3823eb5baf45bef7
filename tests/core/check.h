/// What the tests of core/ share.
#pragma once

#include <functional>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::test {

/// Bytes from hex in which blanks may stand anywhere. Aborts where it is not hex.
Bytes hex(std::string_view text);

/// Runs `body` in a child process; the signal that ended it, or 0 where it came back.
int signal_of(const std::function<void()>& body);

/// Is there such a program on the PATH?
bool have_program(std::string_view name);

/// Bytes of a counter: first, first + 1, ...
Bytes counting(std::size_t count, std::uint8_t first = 0);

/// A copy with one bit the other way; bit 0 is the lowest of byte 0.
Bytes with_bit_flipped(ByteView bytes, std::size_t bit);

/// Refused, and for exactly this reason?
template <class T>
bool refused(const Result<T>& result, Reason reason) {
  return !result && result.error().reason() == reason;
}

}  // namespace ratls::test
