/// Known answers, asked of AWS-LC before its first use in a process.
#pragma once

#include <cstddef>
#include <string_view>

namespace ratls::provider {

/// True where AWS-LC's public-key arithmetic may be used. The first call runs the self-test. Where
/// that fails, the process ends with a sentence on stderr; built with RATLS_SELF_TEST=builtin, it
/// prints the sentence and mbedTLS's own code does the public-key work. A wrong hash or cipher ends
/// the process in both cases: mbedTLS was built without its own. Any thread.
bool usable() noexcept;

/// Number of known-answer tests.
std::size_t self_tests() noexcept;

/// Runs all of them; the name of the first that fails, or an empty string. `fault`: index of one
/// whose expected answer is changed first, to show that it can fail.
std::string_view first_failure(std::size_t fault = static_cast<std::size_t>(-1)) noexcept;

/// What usable() does with a failure: true to use AWS-LC, false to use mbedTLS; or does not return.
bool decide(std::string_view failure, bool may_fall_back) noexcept;

/// From now on usable() is false, as after a failed self-test: for tests of the way without it.
void stop_using() noexcept;

}  // namespace ratls::provider
