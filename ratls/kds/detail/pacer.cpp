#include <ratls/kds/detail/pacer.h>

#include <algorithm>
#include <string>

namespace ratls::kds {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string seconds_text(milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Result<void> Pacer::wait_turn(bool spaced, const Patience& patience, const OnWait& on_wait) {
  std::unique_lock lock(mutex_);
  while (true) {
    RATLS_CHECK(patience.check());
    const auto now = steady_clock::now();
    const auto turn = std::max({now, quiet_until_, spaced ? next_spaced_ : now});
    const auto left = std::chrono::ceil<milliseconds>(turn - now);
    if (left.count() > 0 && turn >= patience.deadline()) {
      return Error(Reason::kds_throttled, "the next request may go out in " + seconds_text(left));
    }
    if (left.count() <= 0) {
      if (spaced) next_spaced_ = now + pace_;
      return {};
    }
    const char* why = quiet_until_ >= turn ? "the service asked for it"
                                           : "an address gets about one VCEK in 10 s";
    lock.unlock();
    if (on_wait) on_wait(left, why);
    lock.lock();
    RATLS_CHECK(sleep_until(turn, patience, lock));
  }
}

Result<void> Pacer::sleep_until(TimePoint turn, const Patience& patience,
                                std::unique_lock<std::mutex>& lock) {
  while (steady_clock::now() < turn) {
    RATLS_CHECK(patience.check());
    woken_.wait_until(lock, turn);
  }
  return {};
}

void Pacer::hold(milliseconds time) {
  const std::lock_guard lock(mutex_);
  quiet_until_ = std::max(quiet_until_, steady_clock::now() + time);
}

void Pacer::wake() {
  const std::lock_guard lock(mutex_);
  woken_.notify_all();
}

}  // namespace ratls::kds
