/// A value that is replaced while others use it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ratls::detail {

/// Whoever began with one value goes on with it. An old one ends in replace() or with this object,
/// never in the thread of a user: what ends with it may wait, an Attester for its firmware.
/// Threads: all functions may run at once. T is immutable.
template <class T>
class Rotation {
 public:
  explicit Rotation(T first) : now_(std::make_shared<const T>(std::move(first))) {}

  [[nodiscard]] std::shared_ptr<const T> now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  /// Throws std::bad_alloc, and then nothing has changed.
  void replace(T next) {
    std::vector<std::shared_ptr<const T>> over;  // ends when the lock is open again
    auto fresh = std::make_shared<const T>(std::move(next));
    const std::lock_guard lock(mutex_);
    over.reserve(retired_.size() + 1);
    retired_.push_back(now_);
    now_ = std::move(fresh);
    for (auto& old : retired_) {
      // Where only this list has it, nobody can come to share it any more.
      if (old.use_count() == 1) over.push_back(std::move(old));
    }
    std::erase(retired_, nullptr);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> now_;
  std::vector<std::shared_ptr<const T>> retired_;
};

}  // namespace ratls::detail
