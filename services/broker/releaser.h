/// Between the loop and the ledger: requests in batches, helpers beside, nothing blocks the loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <ratls/services/broker/ledger.h>
#include <ratls/services/io/loop.h>

namespace ratls::broker {

/// Threads: the loop's. Requests that come while a batch is written to disk make up the next one:
/// one fdatasync serves all of them.
class Releaser {
 public:
  using Done = std::function<void(Release& release)>;

  Releaser(io::Loop& loop, Ledger ledger, const Clock& clock);
  Releaser(const Releaser&) = delete;
  Releaser& operator=(const Releaser&) = delete;
  /// What has not begun is forgotten; `done` is not called after this.
  ~Releaser();

  /// `done` is called once, from the loop; at once where too many wait (cannot_release_now).
  void ask(std::unique_ptr<Release> release, Done done);
  /// Ledger::change_rules(), between batches and on a thread of its own.
  void change_rules(std::shared_ptr<const ReleaseRules> rules, json::Object event,
                    std::function<void(Result<void>)> done);
  [[nodiscard]] bool idle() const;

 private:
  struct Waiting {
    std::unique_ptr<Release> release;
    Done done;
  };
  struct State;

  void start_helper();
  void start_batch();
  void run_change();

  io::Loop& loop_;
  const Clock* clock_;
  std::shared_ptr<State> state_;
};

}  // namespace ratls::broker
