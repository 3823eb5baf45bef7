/// The command that a verb runs after it has written something new.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common.h"

namespace ratls::cli {

struct Hook {
  std::vector<std::string> command;  ///< a program and its arguments; no shell. Empty: none
  std::chrono::seconds limit{60};    ///< then it is killed
};

/// Runs it and waits. It inherits environment, standard output and error, and reads nothing from
/// standard input. A Stop where it cannot be started, fails, or goes on for longer than its limit.
std::optional<Stop> run_hook(const Hook& hook);

/// How long to wait before the next attempt: doubles from `first` to `most`.
class BackOff {
 public:
  BackOff(std::chrono::seconds first, std::chrono::seconds most) : next_(first), most_(most) {}
  std::chrono::seconds next() {
    const auto out = next_;
    next_ = std::min(most_, 2 * next_);
    return out;
  }

 private:
  std::chrono::seconds next_;
  std::chrono::seconds most_;
};

}  // namespace ratls::cli
