/// Attested handshakes, timed without what only a simulation has: the firmware's own signatures.
#pragma once

#include <vector>

#include <ratls/session.h>

#include "world.h"

namespace ratls::bench {

/// CPU time of the whole process, without that of the simulated firmware. Starts stopped.
class Stopwatch {
 public:
  void start() noexcept { from_ = reading(); }
  void stop() noexcept { total_ += reading() - from_; }
  [[nodiscard]] double seconds() const noexcept { return bench::seconds(total_); }

 private:
  [[nodiscard]] static Nanoseconds reading() noexcept;
  Nanoseconds from_{0};
  Nanoseconds total_{0};
};

/// Who shows evidence. A server that shows none is the pinned broker.
enum class Attested : std::uint8_t { client_only, both };

/// The verifiers of both sides, with what they remember. `of_client` judges servers.
struct Verifiers {
  std::shared_ptr<const Verifier> of_server = World::get().new_verifier();
  std::shared_ptr<const Verifier> of_client = World::get().new_verifier();
};

/// As many sessions share one report of each attested side in a batch, and so in every "warm" row.
inline constexpr std::size_t kSessionsPerReport = 16;
/// All but the first of a batch are timed: that one shows its report to the verifier first.
inline constexpr std::size_t kTimedPerReport = kSessionsPerReport - 1;

/// Runs one batch; its reports are new, whatever else `verifiers` know. Adds to `watch` the time of
/// kTimedPerReport whole handshakes, from the making of both sessions to their end.
void run_batch(Attested who, const Verifiers& verifiers, Stopwatch& watch);

/// The same handshakes by the same sessions, but each side knows the other by its key, and whoever
/// would show evidence shows as many bytes that mean nothing.
class DummyWorld {
 public:
  explicit DummyWorld(Attested who);
  /// Adds to `watch` the time of kTimedPerReport handshakes, in the legs of run_batch(). A fresh
  /// key and its certificate are made for each side that would make them, as large as the one
  /// shown.
  void run_batch(Stopwatch& watch) const;

 private:
  std::size_t size_;
  std::size_t fresh_sides_;
  ClientConfig client_;
  ServerConfig server_;
};

/// One handshake with reports of its own, all of it timed.
void run_alone(Attested who, const Verifiers& verifiers, Stopwatch& watch);

/// Bytes of evidence that a client of a batch shows.
std::size_t evidence_size();

}  // namespace ratls::bench
