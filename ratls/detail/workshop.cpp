#include <ratls/detail/workshop.h>

#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ratls/core/guarded.h>

namespace ratls::detail {

Bell::Bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Bell::ring() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(event_.get(), &one, sizeof one) == 0);  // full is rung
}

bool Bell::silence() const noexcept {
  std::uint64_t count = 0;
  return ::read(event_.get(), &count, sizeof count) > 0;
}

Result<void> Workshop::start() {
  const std::lock_guard lock(mutex_);
  return grow();
}

// One thread more; the mutex is held.
Result<void> Workshop::grow() {
  for (auto& thread : gone_) thread.join();
  gone_.clear();
  return guarded([&]() -> Result<void> {
    const auto self = threads_.emplace(threads_.end());
    try {
      *self = std::thread([this, self] { run(self); });
    } catch (const std::system_error& error) {
      threads_.erase(self);
      return Error(Reason::io_error, std::string("no thread for a worker: ") + error.what());
    } catch (const std::bad_alloc&) {
      threads_.erase(self);
      throw;
    }
    ++free_;  // before it runs, so that no second one comes for the same job
    return {};
  });
}

void Workshop::add(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.notify_one();
  if (jobs_.size() > free_ && threads_.size() < size_.most) static_cast<void>(grow());
}

void Workshop::cut_off() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  for (const int fd : active_) ::shutdown(fd, SHUT_RDWR);
  for (const Job& job : jobs_) ::shutdown(job.socket.get(), SHUT_RDWR);
}

void Workshop::join() {
  Threads all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    all.splice(all.end(), threads_);
    all.splice(all.end(), gone_);
    changed_.notify_all();
  }
  for (auto& thread : all) thread.join();
}

// Until there is one; false where this thread is to end.
bool Workshop::wait_for_job(std::unique_lock<std::mutex>& lock, Threads::iterator self) {
  const auto called = [this] { return closed_ || !jobs_.empty(); };
  bool in_time = false;
  do {
    in_time = changed_.wait_for(lock, size_.rest, called);
  } while (!in_time && self == threads_.begin());
  --free_;
  if (!in_time) gone_.splice(gone_.end(), threads_, self);
  return !jobs_.empty();
}

void Workshop::run(Threads::iterator self) {
  std::unique_lock lock(mutex_);
  while (wait_for_job(lock, self)) {
    {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      work_on(job);
      done_(job.from);
    }
    lock.lock();
    ++free_;
  }
}

// A descriptor of our own names the connection for cut_off(), however early the channel closes its
// own. A job that cannot be named could never be cut off: its connection is closed instead.
void Workshop::work_on(Job& job) {
  const Descriptor mark(::dup(job.socket.get()));
  const auto named = guarded([&]() -> Result<void> {
    if (mark.get() < 0) return Error(Reason::io_error);
    const std::lock_guard lock(mutex_);
    active_.insert(mark.get());
    if (cut_) ::shutdown(mark.get(), SHUT_RDWR);  // it was in nobody's list when that was done
    return {};
  });
  if (!named) return;
  const auto worked = guarded([&]() -> Result<void> {
    work_(job);
    return {};
  });
  static_cast<void>(worked);  // without memory there is nobody to tell
  const std::lock_guard lock(mutex_);
  active_.erase(mark.get());
}

}  // namespace ratls::detail
