#include <ratls/core/error.h>

#include <array>
#include <utility>

namespace ratls {

namespace {

struct Entry {
  Reason reason;
  std::string_view code;
  Errc errc;
  std::string_view sentence;
};

constexpr auto kEntries = std::to_array<Entry>({
#define RATLS_REASON(code, errc, sentence) {Reason::code, #code, Errc::errc, sentence},
#include <ratls/core/reasons.def>
#undef RATLS_REASON
});

constexpr auto kReasons = std::to_array<Reason>({
#define RATLS_REASON(code, errc, sentence) Reason::code,
#include <ratls/core/reasons.def>
#undef RATLS_REASON
});

const Entry& entry(Reason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < kEntries.size() ? kEntries[index] : kEntries.back();
}

}  // namespace

std::string_view code(Reason reason) noexcept {
  return entry(reason).code;
}
std::string_view sentence(Reason reason) noexcept {
  return entry(reason).sentence;
}
Errc errc(Reason reason) noexcept {
  return entry(reason).errc;
}
std::span<const Reason> all_reasons() noexcept {
  return kReasons;
}

std::string_view name(Errc kind) noexcept {
  switch (kind) {
    case Errc::config:
      return "config";
    case Errc::io:
      return "io";
    case Errc::timeout:
      return "timeout";
    case Errc::closed:
      return "closed";
    case Errc::malformed:
      return "malformed";
    case Errc::untrusted:
      return "untrusted";
    case Errc::revoked:
      return "revoked";
    case Errc::outdated:
      return "outdated";
    case Errc::not_bound:
      return "not_bound";
    case Errc::not_allowed:
      return "not_allowed";
    default:
      return "internal";
  }
}

Error::Error(Reason reason, std::string detail, const char* file, int line)
    : reason_(reason), detail_(std::move(detail)), file_(file), line_(line) {}

std::string Error::message() const {
  std::string out(code(reason_));
  if (!detail_.empty()) out += ": " + detail_;
  out += ". ";
  out += sentence(reason_);
  return out;
}

}  // namespace ratls
