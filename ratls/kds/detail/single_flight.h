/// Many who want the same thing at once: one gets it, all have it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <ratls/core/guarded.h>
#include <ratls/core/result.h>

namespace ratls::kds {

/// Threads: all functions may run at once.
template <class T>
class SingleFlight {
 public:
  /// Runs `work` in the calling thread, or, where another thread is at it under the same key, waits
  /// for what that one gets, an error included: out_of_memory where `work` threw std::bad_alloc.
  /// `work` must end; it is never run under a lock.
  template <class Work>
  Result<T> run(const std::string& key, const Work& work) {
    auto flight = std::make_shared<Flight>();
    {
      std::unique_lock lock(mutex_);
      const auto [entry, first] = flights_.try_emplace(key, flight);
      if (!first) {
        flight = entry->second;
        landed_.wait(lock, [&] { return flight->result.has_value(); });
        return *flight->result;
      }
    }
    Result<T> result = guarded(work);
    const std::lock_guard lock(mutex_);
    const auto shared = guarded([&]() -> Result<void> {
      flight->result = result;
      return {};
    });
    if (!shared) flight->result = Error(Reason::out_of_memory);  // whoever waits must be woken
    flights_.erase(key);
    landed_.notify_all();
    return result;
  }

 private:
  struct Flight {
    std::optional<Result<T>> result;
  };

  std::mutex mutex_;
  std::condition_variable landed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace ratls::kds
