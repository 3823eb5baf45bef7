/// Figures as Prometheus reads them (text exposition format 0.0.4), without its library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ratls::status {

inline constexpr const char* kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// Nine significant digits; the same for the same value, in every locale.
std::string number(double value);

/// name="value", with backslash, quote and line feed escaped. Values come from closed lists or from
/// the operator's own configuration, never from a peer.
std::string label(std::string_view name, std::string_view value);

/// The two lines in front of a family's samples. `kind`: counter, gauge, histogram or summary.
void head(std::string& out, std::string_view name, std::string_view kind, std::string_view help);

/// One sample; `name` with its labels, in braces.
void line(std::string& out, std::string_view name, std::string_view value);

/// How long things took. A value; one thread at a time.
class Histogram {
 public:
  /// Upper bounds in seconds, rising; +Inf is added.
  explicit Histogram(std::vector<double> bounds)
      : bounds_(std::move(bounds)), counts_(bounds_.size()) {}

  void observe(double seconds);
  /// Its buckets, sum and count, without the head.
  void write(std::string& out, std::string_view name) const;

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;  ///< cumulative
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace ratls::status
