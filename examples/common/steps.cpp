#include "steps.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <unistd.h>

namespace ratls::examples {
namespace {

constexpr std::size_t kWhoWidth = 8;
constexpr std::size_t kTimeWidth = 12;

void put(int fd, const std::string& text) {
  // Messages only: where nobody reads them, the work goes on.
  if (::write(fd, text.data(), text.size()) < 0) return;
}

}  // namespace

std::string Steps::head(std::string_view time) const {
  std::string out = who_;
  out.resize(std::max(kWhoWidth, out.size()), ' ');
  out.append(kTimeWidth - std::min(kTimeWidth, time.size()), ' ');
  return out.append(time).append("  ");
}

std::string Steps::lap() {
  const auto now = Clock::now();
  const double milliseconds = std::chrono::duration<double, std::milli>(now - last_).count();
  last_ = now;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", milliseconds);
  return head(text.data());
}

void Steps::step(std::string_view text) {
  put(STDOUT_FILENO, lap().append(text).append("\n"));
}

void Steps::note(std::string_view text) const {
  put(STDOUT_FILENO, head("").append(text).append("\n"));
}

void Steps::step_with(std::string_view text, std::string_view lines) {
  std::string out = lap().append(text).append("\n");
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out.append("  | ").append(lines.substr(0, end)).append("\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  put(STDOUT_FILENO, out);
}

void complain(std::string_view who, std::string_view text) {
  put(STDERR_FILENO, std::string(who).append(": ").append(text).append("\n"));
}

}  // namespace ratls::examples
