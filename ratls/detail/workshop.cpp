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

void Bell::silence() const noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(event_.get(), &count, sizeof count) == 0);
}

Result<void> Workshop::start(std::size_t count) {
  return guarded([&]() -> Result<void> {
    try {
      while (threads_.size() < count) threads_.emplace_back([this] { run(); });
    } catch (const std::system_error& error) {
      return Error(Reason::io_error, std::string("no thread for a worker: ") + error.what());
    }
    return {};
  });
}

void Workshop::add(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

void Workshop::cut_off() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  for (const int fd : active_) ::shutdown(fd, SHUT_RDWR);
  for (const Job& job : jobs_) ::shutdown(job.socket.get(), SHUT_RDWR);
}

void Workshop::join() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workshop::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    work_on(job);
    done_(job.from);
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
