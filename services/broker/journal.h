/// The log of a running broker, on standard error: JSON lines, or text for people.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/core/error.h>
#include <ratls/verify/verdict.h>

namespace ratls::broker {

/// Every event has a name of a closed list (docs/broker.md). What is logged is made by us: names,
/// codes, numbers, digests, addresses; never a secret, a header's value or a body. Threads: one.
class Journal {
 public:
  enum class Form : std::uint8_t { json, text };
  using Fields = std::vector<std::pair<std::string_view, std::string>>;
  /// Where lines go; each ends with a line feed.
  using Sink = std::function<void(const std::string& line)>;

  Journal(Form form, const Clock& clock, Sink sink)
      : form_(form), clock_(&clock), sink_(std::move(sink)) {}

  void info(std::string_view event, const Fields& fields = {}) const;
  void warn(std::string_view event, const Fields& fields = {}) const;
  /// With reason and detail.
  void failed(std::string_view event, const Error& error, Fields fields = {}) const;

 private:
  void write(std::string_view level, std::string_view event, const Fields& fields) const;

  Form form_;
  const Clock* clock_;
  Sink sink_;
};

/// policy.name, policy.version and policy.sha256.
Journal::Fields fields_of(const PolicyId& policy);

}  // namespace ratls::broker
