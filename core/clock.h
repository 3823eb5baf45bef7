/// Time as an argument. Nothing in the library asks the system behind its caller's back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ratls {

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  std::int64_t unix_seconds = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// "2026-11-23T20:57:00Z" (RFC 3339, UTC, whole seconds). Years 0000 to 9999.
std::string to_rfc3339(Timestamp time);

/// Reads RFC 3339 with "Z" or a numeric offset; fractions are dropped. Nothing where the text is
/// not a date that exists.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// Seconds since the epoch for a UTC calendar date; nothing where the date does not exist.
std::optional<Timestamp> from_calendar(int year, int month, int day, int hour, int minute,
                                       int second);

/// Says what time it is, or that it does not know. "No time" is an error for a verifier, never a
/// pass. Threads: implementations may be called from several threads at once.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::optional<Timestamp> now() const = 0;
};

/// The system's wall clock: for brokers and other verifiers outside the host's reach. In a guest
/// the host sets it: see docs/threat-model.md.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::optional<Timestamp> now() const override;
};

/// Always the same moment: for judging a file "as of", and for tests. Without a moment it is a
/// clock that does not know.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(std::optional<Timestamp> moment) : moment_(moment) {}
  [[nodiscard]] std::optional<Timestamp> now() const override { return moment_; }

 private:
  std::optional<Timestamp> moment_;
};

}  // namespace ratls
