/// A map of bounded size from digests to shared values; the least recently used goes first.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <ratls/core/bytes.h>

namespace ratls::detail {

/// Threads: all functions may run at once; the lock is held for a look-up, never while anything is
/// computed. Keys must be digests: their first bytes are the hash.
template <class Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t capacity) : capacity_(capacity) {}

  /// Null where there is none.
  std::shared_ptr<const Value> find(const Sha256Digest& key) {
    const std::lock_guard lock(mutex_);
    const auto at = index_.find(key);
    if (at == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, at->second);
    return at->second->value;
  }

  void insert(const Sha256Digest& key, std::shared_ptr<const Value> value) {
    const std::lock_guard lock(mutex_);
    if (index_.contains(key)) return;
    std::list<Entry> added;
    added.push_front({key, std::move(value)});
    index_.emplace(key, added.begin());  // throws before anything has changed, or not at all
    order_.splice(order_.begin(), added);
    if (order_.size() <= capacity_) return;
    index_.erase(order_.back().key);
    order_.pop_back();
  }

  [[nodiscard]] std::size_t size() {
    const std::lock_guard lock(mutex_);
    return order_.size();
  }

 private:
  struct Entry {
    Sha256Digest key;
    std::shared_ptr<const Value> value;
  };
  struct FirstBytes {
    std::size_t operator()(const Sha256Digest& key) const noexcept {
      std::size_t out = 0;
      for (const std::uint8_t byte : key.view().first(sizeof(out))) out = (out << 8U) | byte;
      return out;
    }
  };

  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> order_;  ///< most recently used first
  std::unordered_map<Sha256Digest, typename std::list<Entry>::iterator, FirstBytes> index_;
};

}  // namespace ratls::detail
