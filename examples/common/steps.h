/// Says what happens, step by step, with the time that each took.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace ratls::examples {

/// Writes "guest       3.1 ms  text" lines to standard output. Every call is one write, so that
/// lines of several threads and processes on one pipe stay whole and in order.
class Steps {
 public:
  explicit Steps(std::string who) : who_(std::move(who)), last_(Clock::now()) {}

  /// A step that ends now; it began where the last one ended.
  void step(std::string_view text);
  /// Something that took no time.
  void note(std::string_view text) const;
  /// A step, and below it a text of several lines.
  void step_with(std::string_view text, std::string_view lines);
  /// From now on.
  void restart() { last_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] std::string head(std::string_view time) const;
  [[nodiscard]] std::string lap();

  std::string who_;
  Clock::time_point last_;
};

/// One line to standard error.
void complain(std::string_view who, std::string_view text);

}  // namespace ratls::examples
