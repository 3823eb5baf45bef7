/// Time as an argument. Nothing in the library asks the system behind its caller's back.
#pragma once

#include <atomic>
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
  /// Why this clock deserves less trust than a verifier's own, for verdicts; empty where it does
  /// not.
  [[nodiscard]] virtual std::string caveat() const { return {}; }
};

/// The system's wall clock: for brokers and other verifiers outside the host's reach. In a guest
/// the host sets it: see docs/threat-model.md.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::optional<Timestamp> now() const override;
};

/// For a guest that verifies somebody: the host sets its clock. This one never goes back: it shows
/// the latest of what `inner` shows now, what it has shown before, and `floor`, a moment that had
/// passed when the image was built (docs/protocol.md, section 11). So a host that sets the clock
/// back revives nothing that this process has seen end. A host that sets it forward ends
/// certificates and lists early, and one that starts the guest again begins at `floor` again.
/// `inner` is borrowed and must outlive this object. Threads: share freely.
class HighWaterClock final : public Clock {
 public:
  explicit HighWaterClock(const Clock& inner, std::optional<Timestamp> floor = std::nullopt);
  /// Nothing where `inner` does not know.
  [[nodiscard]] std::optional<Timestamp> now() const override;
  [[nodiscard]] std::string caveat() const override;

 private:
  const Clock& inner_;
  const std::optional<Timestamp> floor_;
  mutable std::atomic<std::int64_t> mark_;
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
