#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <ratls/services/broker/audit.h>
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

}  // namespace

Result<AuditSummary> check_audit(const std::string& path, const AuditVisitor& visit,
                                 const std::optional<AuditHead>& must_have) {
  const auto failed = [&] {
    return Error(Reason::io_error, path + ": " + std::generic_category().message(errno));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed();
  Chain chain(visit, must_have);
  Bytes held;
  Bytes chunk(std::size_t{1} << 18);
  std::uint64_t size = 0;
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) return chain.finish(size, held);
    append(held, ByteView(chunk).first(static_cast<std::size_t>(got)));
    ByteView rest(held);
    for (auto end = std::find(rest.begin(), rest.end(), '\n'); end != rest.end();
         end = std::find(rest.begin(), rest.end(), '\n')) {
      const auto length = static_cast<std::size_t>(end - rest.begin());
      RATLS_CHECK(chain.take(rest.first(length)));
      rest = rest.subspan(length + 1);
      size += length + 1;
    }
    held = Bytes(rest.begin(), rest.end());
    if (held.size() > kMaxLine) {
      return Error(Reason::audit_broken, "more than 64 KiB without a line feed");
    }
  }
}

}  // namespace ratls::broker
