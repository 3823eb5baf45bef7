/// The audit log: what was released and what was refused, in a chain that cannot be mended.
///
/// One JSON object a line (docs/broker.md). Each has "seq", one more than the line before; "ts";
/// "prev", the BLAKE2b-256 of the line before without its line feed (zeros in the first); and
/// "event". A line that is changed, removed, added or moved breaks the chain at the next one. Lines
/// cut off the end do not: for that, keep the head (seq and hash) of an earlier day elsewhere and
/// compare.
///
/// A log may go on over several files: `path` has the newest lines, and those before are beside it,
/// each called after its last line (`path`.000000004711). The chain does not end with a file. All
/// of them count; one that is taken away breaks the chain.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/core/ed25519.h>
#include <ratls/core/json.h>
#include <ratls/core/result.h>
#include <ratls/tcp.h>
#include <ratls/verify/json_value.h>

namespace ratls::broker {

using LineHash = ed25519::Blake2b256;

/// Where a chain stands.
struct AuditHead {
  std::uint64_t seq = 0;  ///< of the last line; 0: no line yet
  LineHash hash;          ///< of the last line
};

/// Where a line stands that was just written, and the time in it.
struct AuditPlace : AuditHead {
  Timestamp at;
};

struct AuditSummary {
  AuditHead head;
  std::uint64_t size = 0;      ///< bytes of whole lines in the last file
  std::uint64_t files = 0;     ///< that were read
  std::uint64_t releases = 0;  ///< lines with the event secret.released
  Bytes torn;                  ///< after the last line feed: a write that a crash cut short
};

/// Called for every line of an unbroken log, in order.
using AuditVisitor = std::function<void(const strict_json::JsonValue& line)>;

/// Reads a whole log, all its files. A torn last line is not an error. `must_have`: the log must
/// have had this head at some time. Errors: audit_broken ("line 17: ..."), io_error.
Result<AuditSummary> check_audit(const std::string& path, const AuditVisitor& visit,
                                 const std::optional<AuditHead>& must_have = std::nullopt);

/// A log that is being written. Threads: one at a time; one process at a time.
class AuditLog {
 public:
  /// Reads what is there (see check_audit), removes a torn last line and says so in a new line
  /// (audit.repaired), or begins a new log of mode 0600 (audit.begun). `path`.lock is held while
  /// it is open. A file of more than `max_file` bytes is moved aside, and the log goes on in a new
  /// one (audit.continued); 0: never.
  /// Errors: audit_broken; io_error (also where another process writes to it).
  static Result<AuditLog> open(const std::string& path, const Clock& clock,
                               const AuditVisitor& visit = {}, std::uint64_t max_file = 0);
  AuditLog(AuditLog&&) noexcept = default;
  AuditLog& operator=(AuditLog&&) noexcept = default;

  /// Appends one line for each of `events`, objects whose first member is "event", and returns when
  /// all are on disk; says where each line stands. On an error none is in the log, and where that
  /// cannot be had either the log takes no more. Errors: io_error, no_time.
  Result<std::vector<AuditPlace>> append(std::span<const json::Object> events);

  [[nodiscard]] const AuditHead& head() const noexcept { return head_; }
  /// Was there no line when it was opened?
  [[nodiscard]] bool begun() const noexcept { return begun_; }

 private:
  AuditLog(Descriptor lock, Descriptor file, std::string path, const Clock& clock)
      : lock_(std::move(lock)), file_(std::move(file)), path_(std::move(path)), clock_(&clock) {}
  Result<void> continue_from(AuditSummary summary);
  void begin_next_file();
  Result<void> write_out(ByteView text);

  Descriptor lock_;
  Descriptor file_;
  std::string path_;
  const Clock* clock_;
  AuditHead head_;
  std::uint64_t size_ = 0;
  std::uint64_t max_file_ = 0;
  bool failed_ = false;
  bool begun_ = false;
};

}  // namespace ratls::broker
