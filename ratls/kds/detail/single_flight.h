/// Many who want the same thing at once: one gets it, all have it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <ratls/core/result.h>

namespace ratls::kds {

/// Threads: all functions may run at once.
template <class T>
class SingleFlight {
 public:
  /// Runs `work` in the calling thread, or, where another thread is at it under the same key, waits
  /// for what that one gets, an error included. `work` must end; it is never run under a lock.
  template <class Work>
  Result<T> run(const std::string& key, const Work& work) {
    std::shared_ptr<Flight> flight;
    {
      std::unique_lock lock(mutex_);
      const auto [entry, first] = flights_.try_emplace(key);
      if (!first) {
        flight = entry->second;
        landed_.wait(lock, [&] { return flight->result.has_value(); });
        return *flight->result;
      }
      flight = entry->second = std::make_shared<Flight>();
    }
    Result<T> result = work();
    const std::lock_guard lock(mutex_);
    flight->result = result;
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
