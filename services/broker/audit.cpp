#include <ratls/services/broker/audit.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ratls::broker {

namespace {

Error failed(const std::string& path, int number) {
  return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
}

// A new name is on disk only once its folder is.
Result<void> sync_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (open.get() < 0 || ::fsync(open.get()) != 0) return failed(folder, errno);
  return {};
}

}  // namespace

Result<AuditLog> AuditLog::open(const std::string& path, const Clock& clock,
                                const AuditVisitor& visit) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) return failed(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed(path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Reason::io_error, path + ": not a regular file");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Reason::io_error, path + ": another broker writes to this audit log");
  }
  RATLS_TRY(auto summary, check_audit(path, visit));
  AuditLog out(std::move(file), path, clock);
  RATLS_CHECK(out.continue_from(std::move(summary)));
  return out;
}

Result<void> AuditLog::continue_from(AuditSummary summary) {
  head_ = summary.head;
  size_ = summary.size;
  json::Object event;
  if (!summary.torn.empty()) {
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return failed(path_, errno);
    event.text("event", "audit.repaired").number("torn_bytes", summary.torn.size());
    event.text("torn_blake2b", ed25519::blake2b_256(summary.torn).hex());
  } else if (head_.seq == 0) {
    event.text("event", "audit.begun");
  } else {
    return {};
  }
  RATLS_TRY(const auto heads, append({&event, 1}));
  static_cast<void>(heads);
  return sync_folder(path_);
}

Result<std::vector<AuditHead>> AuditLog::append(std::span<const json::Object> events) {
  if (failed_) return Error(Reason::io_error, path_ + ": an earlier write could not be undone");
  const auto now = clock_->now();
  if (!now) return Error(Reason::no_time);
  const std::string time = to_rfc3339(*now);
  std::string text;
  std::vector<AuditHead> out;
  AuditHead head = head_;
  for (const json::Object& event : events) {
    json::Object line;
    line.number("seq", head.seq + 1).text("ts", time).text("prev", head.hash.hex());
    std::string json = line.str();
    json.back() = ',';
    json += event.str().substr(1);
    head = {head.seq + 1, ed25519::blake2b_256(as_bytes(json))};
    out.push_back(head);
    text += json + "\n";
  }
  RATLS_CHECK(write_out(as_bytes(text)));
  head_ = head;
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
