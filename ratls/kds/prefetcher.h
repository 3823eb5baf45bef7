/// Fetches in the background what appraisals lacked, so that the next attempt succeeds.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ratls/kds/kds_client.h>
#include <ratls/verify/collateral/store.h>

namespace ratls {

/// One try of a Prefetcher.
struct PrefetchEvent {
  std::string what;            ///< its URL
  std::optional<Error> error;  ///< absent: it is in the store now
  bool again = false;          ///< it will be tried again
};

struct PrefetchOptions {
  /// Queries that wait or rest after a failure; further ones are dropped. An unauthenticated peer
  /// can cause a query, so this bounds what a flood of them costs.
  std::size_t max_queries = 256;
  /// After a failure that may pass (the network, the service's load). Doubles up to `longest_rest`.
  std::chrono::milliseconds first_rest{30000};
  /// Also how long a query rests that failed for good: the service does not know it, or its answer
  /// was refused. Until then the same query is not taken up again.
  std::chrono::milliseconds longest_rest{3600000};
  unsigned tries = 8;  ///< of one query, until it rests for good
  /// Called by the worker after each try; may be empty.
  std::function<void(const PrefetchEvent&)> on_try = {};
};

/// ONE worker thread, from construction to destruction, that takes queries one after the other,
/// asks `client`, and puts what it gets into `store`. A query that waits already is not queued
/// again. Give want() to the store as its callbacks:
///
///   CollateralStoreOptions options;
///   options.on_wanted_endorsement = [&](const EndorsementQuery& q) { prefetcher->want(q); };
///
/// Threads: want(), pending() and wait_idle() from any thread, at any time.
class Prefetcher {
 public:
  /// Both are borrowed and must outlive this object. `client` should be for its sole use:
  /// destruction shuts it down.
  Prefetcher(KdsClient& client, CollateralStore& store, PrefetchOptions options = {});
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;
  /// Shuts the client down, and waits for the worker: at most KdsOptions::connect_limit.
  ~Prefetcher();

  /// Queues a query, unless it waits or rests already or the queue is full. Returns at once.
  void want(const EndorsementQuery& query);
  void want(const CrlQuery& query);

  /// How many queries wait for a try, those that rest before another one included.
  [[nodiscard]] std::size_t pending() const;
  /// Waits until no query is left that will be tried; false where that took longer than `limit`.
  [[nodiscard]] bool wait_idle(std::chrono::milliseconds limit) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ratls
