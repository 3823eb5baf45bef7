#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <ratls/services/broker/audit.h>
#include <ratls/services/broker/detail/segments.h>
#include <ratls/verify/json_fields.h>

namespace ratls::broker {

namespace {

constexpr std::size_t kMaxLine = 65536;

const std::string* text_in(const strict_json::JsonValue& line, std::string_view key) {
  for (const auto& member : line.members) {
    if (member.key == key && member.value.kind == strict_json::JsonValue::Kind::text) {
      return &member.value.text;
    }
  }
  return nullptr;
}

bool has_number(const strict_json::JsonValue& line, std::string_view key, std::uint64_t number) {
  for (const auto& member : line.members) {
    if (member.key != key) continue;
    return member.value.kind == strict_json::JsonValue::Kind::integer &&
           member.value.integer == number;
  }
  return false;
}

/// Follows the chain line by line.
class Chain {
 public:
  Chain(const AuditVisitor& visit, const std::optional<AuditHead>& must_have)
      : visit_(visit), must_have_(must_have) {}

  Result<void> take(ByteView line) {
    AuditHead& head = summary_.head;
    auto parsed = strict_json::parse_json(line, Reason::audit_broken);
    if (!parsed) return broken("not one JSON object (" + parsed.error().detail() + ")");
    if (!has_number(*parsed, "seq", head.seq + 1)) {
      return broken("seq is not " + std::to_string(head.seq + 1) +
                    "; lines were removed, added or moved");
    }
    const std::string* prev = text_in(*parsed, "prev");
    if (prev == nullptr || *prev != head.hash.hex()) {
      return broken(head.seq == 0 ? "a first line has zeros in prev; lines before it were removed"
                                  : "prev is not the hash of the line before, so line " +
                                        std::to_string(head.seq) + " or this one was changed");
    }
    const std::string* event = text_in(*parsed, "event");
    if (event == nullptr) return broken("it names no event");
    head = {head.seq + 1, ed25519::blake2b_256(line)};
    if (*event == "secret.released") ++summary_.releases;
    return check_known_head(*parsed);
  }

  Result<AuditSummary> finish(std::uint64_t size, ByteView torn) {
    if (must_have_ && must_have_->seq > summary_.head.seq) {
      return Error(Reason::audit_broken, "it ends with line " + std::to_string(summary_.head.seq) +
                                             ", and had " + std::to_string(must_have_->seq) +
                                             " lines before: its end was cut off");
    }
    summary_.size = size;
    summary_.torn.assign(torn.begin(), torn.end());
    return std::move(summary_);
  }

 private:
  Result<void> check_known_head(const strict_json::JsonValue& line) {
    if (must_have_ && must_have_->seq == summary_.head.seq &&
        must_have_->hash != summary_.head.hash) {
      return Error(Reason::audit_broken, "line " + std::to_string(summary_.head.seq) +
                                             ": its hash is not the one that was kept; the log was "
                                             "written anew");
    }
    if (visit_) visit_(line);
    return {};
  }
  [[nodiscard]] Error broken(const std::string& what) const {
    return Error(Reason::audit_broken,
                 "line " + std::to_string(summary_.head.seq + 1) + ": " + what);
  }

  const AuditVisitor& visit_;
  const std::optional<AuditHead>& must_have_;
  AuditSummary summary_;
};

/// What is left of a file behind its last line feed.
struct Rest {
  std::uint64_t size = 0;  ///< of the whole lines before it
  Bytes torn;
};

Result<Rest> follow(const std::string& path, Chain& chain) {
  const auto failed = [&] {
    return Error(Reason::io_error, path + ": " + std::generic_category().message(errno));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed();
  Rest out;
  Bytes chunk(std::size_t{1} << 18);
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) return out;
    append(out.torn, ByteView(chunk).first(static_cast<std::size_t>(got)));
    ByteView rest(out.torn);
    for (auto end = std::find(rest.begin(), rest.end(), '\n'); end != rest.end();
         end = std::find(rest.begin(), rest.end(), '\n')) {
      const auto length = static_cast<std::size_t>(end - rest.begin());
      RATLS_CHECK(chain.take(rest.first(length)));
      rest = rest.subspan(length + 1);
      out.size += length + 1;
    }
    out.torn = Bytes(rest.begin(), rest.end());
    if (out.torn.size() > kMaxLine) {
      return Error(Reason::audit_broken, "more than 64 KiB without a line feed");
    }
  }
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<AuditSummary> follow_all(const std::string& path, const std::vector<std::string>& earlier,
                                Chain chain) {
  for (const std::string& name : earlier) {
    RATLS_TRY(const Rest rest, follow(name, chain));
    if (rest.torn.empty()) continue;
    return Error(Reason::audit_broken, name + " ends within a line, and the log goes on after it");
  }
  Rest last;
  // A crash may have come when the last file was moved aside and the next was not there yet.
  if (earlier.empty() || exists(path)) {
    RATLS_TRY(last, follow(path, chain));
  }
  RATLS_TRY(auto summary, chain.finish(last.size, last.torn));
  summary.files = earlier.size() + 1;
  return summary;
}

}  // namespace

// A running broker may begin a new file in the middle of this; whoever only looks then looks again.
Result<AuditSummary> check_audit(const std::string& path, const AuditVisitor& visit,
                                 const std::optional<AuditHead>& must_have) {
  while (true) {
    RATLS_TRY(const auto earlier, detail::segments_of(path));
    auto out = follow_all(path, earlier, Chain(visit, must_have));
    if (out || visit) return out;
    RATLS_TRY(const auto now, detail::segments_of(path));
    if (now == earlier) return out;
  }
}

}  // namespace ratls::broker
