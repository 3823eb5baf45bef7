/// What went wrong: a kind for programs, a reason for people, and where.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ratls {

/// What a program may branch on. Eleven, and they do not grow often; write `default:` all the same.
enum class Errc : std::uint8_t {
  config,       ///< a configuration or policy is wrong
  io,           ///< a peer, file or device failed
  timeout,      ///< a deadline passed
  closed,       ///< the other side is gone
  malformed,    ///< bytes that are not what they should be
  untrusted,    ///< not genuine, as far as we can tell
  revoked,      ///< genuine once, withdrawn since
  outdated,     ///< genuine, and too old
  not_bound,    ///< genuine, and not about this session
  not_allowed,  ///< genuine, and refused by policy
  internal,     ///< a bug
};

/// Why, one for each check; the list is core/reasons.def. For logs, verdicts and messages.
enum class Reason : std::uint8_t {
#define RATLS_REASON(code, errc, sentence) code,
#include <ratls/core/reasons.def>
#undef RATLS_REASON
};

/// The stable snake_case code, e.g. "tcb_below_floor".
std::string_view code(Reason reason) noexcept;

/// One sentence that a user can act on.
std::string_view sentence(Reason reason) noexcept;

/// The kind of a reason.
Errc errc(Reason reason) noexcept;

/// The name of a kind, e.g. "not_allowed".
std::string_view name(Errc kind) noexcept;

/// Every reason, in the order of the list.
std::span<const Reason> all_reasons() noexcept;

/// A failure as a value. Never holds a secret, nor raw text from a peer (hex or a number instead).
class Error {
 public:
  /// `detail`: what was got and what was expected, short; may be empty.
  /// The defaults record the place; do not pass them.
  explicit Error(Reason reason, std::string detail = {}, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE());

  [[nodiscard]] Errc kind() const noexcept { return errc(reason_); }
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  [[nodiscard]] const char* file() const noexcept { return file_; }
  [[nodiscard]] int line() const noexcept { return line_; }

  /// "code: detail. Sentence", for people.
  [[nodiscard]] std::string message() const;

 private:
  Reason reason_;
  std::string detail_;
  const char* file_;
  int line_;
};

}  // namespace ratls
