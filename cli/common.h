/// What all verbs share: exit codes, reading inputs, writing results.
#pragma once

#include <optional>
#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/error.h>

namespace ratls::cli {

/// Exit codes of the tool (sysexits.h where it has one).
enum class Exit : int {
  ok = 0,
  rejected = 1,
  usage = 64,
  malformed = 65,
  no_input = 66,
  unavailable = 69,
  bug = 70,
  no_device = 71,
  throttled = 75,
  refused = 77,
  bad_config = 78,
};

/// Largest file that a verb reads.
inline constexpr std::size_t kMaxInput = 256 * 1024;

/// The exit code for a refusal or failure.
Exit exit_of(Reason reason) noexcept;

/// Why a verb stops before it has a result.
struct Stop {
  Exit exit = Exit::bug;
  std::string what;  ///< one sentence: what was wrong with which argument
  /// Where the library refused: --json names its reason.
  std::optional<Error> error = std::nullopt;
};

/// "the file: what is wrong", with the exit code of the error's reason. The file is not named
/// twice.
Stop stop_of(const Error& error, const std::string& about);

/// Bytes, or a Stop.
struct Input {
  Bytes bytes;
  std::optional<Stop> stop;
};

/// Reads a file of at most `max` bytes; "-" is standard input. A missing file, a directory or
/// one that cannot be read is Exit::no_input, one that is too large Exit::malformed.
Input read_input(const std::string& path, std::size_t max = kMaxInput);

/// Writes all of `text` to standard output; Exit::unavailable where that fails (disk full).
Exit print(const std::string& text, Exit exit);

/// A line on standard error, for what is worth knowing and ends nothing (Say of report sources).
void tell(const std::string& line);

/// Says why a verb stops: a sentence on standard error, or with `json` an object of schema
/// ratls.error/1 on standard output. Returns the Stop's exit code.
Exit report_stop(const Stop& stop, bool json);

/// The same for stop_of(error, input).
Exit report_error(const Error& error, bool json, const std::string& input);

/// The text that ends every --help.
std::string exit_code_help();

}  // namespace ratls::cli
