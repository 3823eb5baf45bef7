#include <ratls/activation.h>

#include <charconv>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include <ratls/core/guarded.h>

namespace ratls {

namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kMost = 256;

Error wrong(const std::string& what) {
  return Error(Reason::invalid_config, what);
}

std::optional<int> number(std::string_view text) {
  int out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t colon = text.find(':');
    out.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
  }
}

Result<std::vector<InheritedSocket>> take(int count, std::string_view names) {
  std::vector<std::string> named(static_cast<std::size_t>(count));
  if (!names.empty()) named = split(names);
  if (named.size() != static_cast<std::size_t>(count)) {
    return wrong("LISTEN_FDNAMES has another number of names than LISTEN_FDS");
  }
  // A descriptor that is no listener may be somebody else's, who opened it since the start.
  for (int fd = kFirst; fd < kFirst + count; ++fd) RATLS_CHECK(check_listener(fd));
  std::vector<InheritedSocket> out;
  out.reserve(named.size());
  for (int i = 0; i < count; ++i) {
    const int fd = kFirst + i;
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    out.push_back({Descriptor(fd), std::move(named[static_cast<std::size_t>(i)])});
  }
  return out;
}

}  // namespace

Result<std::vector<InheritedSocket>> inherited_sockets(const Activation& given) {
  return guarded([&]() -> Result<std::vector<InheritedSocket>> {
    if (given.fds.empty()) return std::vector<InheritedSocket>();
    const auto pid = number(given.pid);
    if (!pid) return wrong("LISTEN_FDS is set and LISTEN_PID is no process");
    if (*pid != ::getpid()) return std::vector<InheritedSocket>();
    const auto count = number(given.fds);
    if (!count || *count > kMost) return wrong("LISTEN_FDS is no number from 0 to 256");
    return take(*count, given.names);
  });
}

}  // namespace ratls
