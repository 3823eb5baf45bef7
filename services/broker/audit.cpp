#include <ratls/services/broker/audit.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <ratls/services/broker/detail/segments.h>

namespace ratls::broker {

namespace {

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

Result<Descriptor> open_file(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | flags, 0600));
  if (file.get() < 0) return failed(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed(path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Reason::io_error, path + ": not a regular file");
  return file;
}

// Not on the log itself, which is renamed while it is held.
Result<Descriptor> take_lock(const std::string& path) {
  const std::string name = path + ".lock";
  Descriptor lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0) return failed(name, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return Error(Reason::io_error, path + ": another broker writes to this audit log");
}

json::Object continued_after(const AuditHead& head) {
  json::Object out;
  return out.text("event", "audit.continued").number("after", head.seq);
}

}  // namespace

Result<AuditLog> AuditLog::open(const std::string& path, const Clock& clock,
                                const AuditVisitor& visit, std::uint64_t max_file) {
  RATLS_TRY(auto lock, take_lock(path));
  RATLS_TRY(auto file, open_file(path, O_CREAT));
  RATLS_TRY(auto summary, check_audit(path, visit));
  AuditLog out(std::move(lock), std::move(file), path, clock);
  out.max_file_ = max_file;
  RATLS_CHECK(out.continue_from(std::move(summary)));
  return out;
}

Result<void> AuditLog::continue_from(AuditSummary summary) {
  head_ = summary.head;
  begun_ = head_.seq == 0;
  size_ = summary.size;
  json::Object event;
  if (!summary.torn.empty()) {
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return failed(path_, errno);
    event.text("event", "audit.repaired").number("torn_bytes", summary.torn.size());
    event.text("torn_blake2b", ed25519::blake2b_256(summary.torn).hex());
  } else if (head_.seq == 0) {
    event.text("event", "audit.begun");
  } else {
    return {};  // where a crash came between two files, the next line begins the new one
  }
  RATLS_TRY(const auto places, append({&event, 1}));
  static_cast<void>(places);
  return detail::sync_folder_of(path_);
}

// Where this cannot be done the log goes on in the file it has: a record counts more than a size.
void AuditLog::begin_next_file() {
  const std::string aside = detail::segment_name(path_, head_.seq);
  if (::access(aside.c_str(), F_OK) == 0) return;
  if (::rename(path_.c_str(), aside.c_str()) != 0) return;
  auto next = open_file(path_, O_CREAT | O_EXCL);
  if (next && detail::sync_folder_of(path_)) {
    file_ = std::move(next).value();
    size_ = 0;
    return;
  }
  if (::rename(aside.c_str(), path_.c_str()) != 0) failed_ = true;
}

Result<std::vector<AuditPlace>> AuditLog::append(std::span<const json::Object> events) {
  if (failed_) return Error(Reason::io_error, path_ + ": an earlier write could not be undone");
  const auto now = clock_->now();
  if (!now) return Error(Reason::no_time);
  const std::string time = to_rfc3339(*now);
  if (max_file_ != 0 && size_ > max_file_) begin_next_file();
  std::string text;
  std::vector<AuditPlace> out;
  AuditHead head = head_;
  std::vector<json::Object> all;
  const bool first_of_file = size_ == 0 && head_.seq != 0;
  if (first_of_file) all.push_back(continued_after(head_));
  all.insert(all.end(), events.begin(), events.end());
  for (const json::Object& event : all) {
    json::Object line;
    line.number("seq", head.seq + 1).text("ts", time).text("prev", head.hash.hex());
    std::string json = line.str();
    json.back() = ',';
    json += event.str().substr(1);
    head = {head.seq + 1, ed25519::blake2b_256(as_bytes(json))};
    out.push_back({head, *now});
    text += json + "\n";
  }
  RATLS_CHECK(write_out(as_bytes(text)));
  head_ = head;
  if (first_of_file) out.erase(out.begin());
  return out;
}

// After an error the file is as it was before, or nothing is written to it any more: a line must
// never follow half a line.
Result<void> AuditLog::write_out(ByteView text) {
  int number = 0;
  for (ByteView rest = text; !rest.empty() && number == 0;) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written >= 0) rest = rest.subspan(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) number = errno;
  }
  if (number == 0 && ::fdatasync(file_.get()) == 0) {
    size_ += text.size();
    return {};
  }
  if (number == 0) {
    number = errno;
    failed_ = true;  // after a failed sync nobody knows what is on disk
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) failed_ = true;
  return failed(path_, number);
}

}  // namespace ratls::broker
