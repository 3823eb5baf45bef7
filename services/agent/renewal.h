/// What a run read and fetched at its start, read and fetched again while it runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <ratls/services/agent/gather.h>
#include <ratls/services/agent/parties.h>
#include <ratls/services/agent/run.h>
#include <ratls/services/io/loop.h>

namespace ratls::agent {

/// May `now` replace `before` without a restart? What the program was started with and where the
/// egress listens may not change. Errors: invalid_config.
Result<void> check_replaceable(const GuestConfig& before, const GuestConfig& now);

/// All of the new or nothing: until guest.json, its policies and all secrets have been read and
/// found good, what was in force stays. Secrets that are variables of the program stay as they
/// were: a process's environment cannot be changed from outside. Threads: the loop's.
class Renewal {
 public:
  /// Puts the new in force, as a whole, or says why not; called on the loop's thread.
  using Install = std::function<Result<void>(const GuestConfig&, const Secrets&)>;
  /// All are borrowed and outlive it.
  Renewal(io::Loop& loop, const Run& what, Parties& parties, Install install)
      : loop_(loop), what_(what), parties_(parties), install_(std::move(install)) {}

  /// Begins; a call while one is under way makes it begin once more afterwards.
  void begin();

  /// ratls_reloads_total{result}, in the text format of services/status.
  [[nodiscard]] std::string metrics() const;

 private:
  Result<void> fetch();
  void over(const Result<void>& done);

  io::Loop& loop_;
  const Run& what_;
  Parties& parties_;
  Install install_;
  std::shared_ptr<Renewal*> self_ = std::make_shared<Renewal*>(this);  ///< for what outlives it
  bool busy_ = false;
  bool again_ = false;
  std::uint64_t renewed_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace ratls::agent
