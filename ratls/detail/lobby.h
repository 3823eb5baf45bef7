/// A server's connections on their way to a channel, and which of them has to be looked at: what a
/// wake costs depends on who moved, not on how many are silent.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>

#include <ratls/core/result.h>
#include <ratls/detail/opening.h>
#include <ratls/tcp.h>

namespace ratls::detail {

/// One epoll(7) set of all that wait for their peer, and a queue of all deadlines. Whoever is due
/// is looked at in the order of becoming so, through first_due(), until stay() or leave(). Threads:
/// one at a time.
class Lobby {
 public:
  Lobby();

  /// Readable while somebody's peer has moved; -1 where there was no descriptor for it.
  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
  /// When somebody has to be looked at even if nothing happens; Deadline::max() where nobody is.
  [[nodiscard]] Deadline deadline() const noexcept;

  /// `opening` comes in, and is due. Errors: io_error, where the system watches no more
  /// descriptors. Throws std::bad_alloc. In both cases nobody has come in.
  Result<void> enter(std::unique_ptr<Opening> opening);
  /// Makes due whose peer has moved, whose deadline is over by `now`, and, where `rung`, all who
  /// wait for this side's evidence: it comes without a word of their peers'. These also once a
  /// second, as evidence has deadlines of its own.
  void call(Deadline now, bool rung) noexcept;

  /// nullptr: nobody is due.
  [[nodiscard]] Opening* first_due() noexcept;
  /// The first one that was due goes on waiting.
  void stay() noexcept;
  /// The first one that was due goes, and is not watched any more.
  std::unique_ptr<Opening> leave() noexcept;
  void clear() noexcept;

 private:
  struct Guest;
  using Guests = std::list<Guest>;
  using Deadlines = std::multimap<Deadline, Guest*>;
  struct Guest {
    std::unique_ptr<Opening> opening;
    Deadlines::iterator deadline;
    Guests* in;
    Guests::iterator self;
  };

  void make_due(Guest& guest) noexcept;
  void move(Guest& guest, Guests& to) noexcept;

  Descriptor epoll_;
  Guests due_, listening_, awaiting_;  ///< awaiting this side's evidence: their peers are not heard
  Deadlines deadlines_;
  Deadline next_round_{};  ///< when all who wait for evidence are due
};

}  // namespace ratls::detail
