#include <limits>

#include <ratls/verify/snp/detail/appraisal.h>

namespace ratls::snp::detail {

namespace {

using ratls::detail::GuestRule;
using ratls::detail::PolicyData;

// Unrelated digests differ in nearly all of 48 bytes; fewer than this is a slip of the pen.
constexpr std::size_t kSlip = 8;

struct Nearest {
  std::string guest;
  std::size_t index = 0;  ///< in the guest's list, from 1
  std::size_t distance = std::numeric_limits<std::size_t>::max();
};

std::size_t distance(const Measurement& a, const Measurement& b) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < Measurement::kSize; ++i)
    out += a.array()[i] == b.array()[i] ? 0U : 1U;
  return out;
}

Nearest nearest_of(const Measurement& measurement, const PolicyData& policy) {
  Nearest out;
  for (const GuestRule& rule : policy.accept) {
    std::size_t index = 0;
    for (const Measurement& listed : rule.measurements.values()) {
      ++index;
      const std::size_t away = distance(measurement, listed);
      if (away < out.distance) out = {rule.name, index, away};
    }
  }
  return out;
}

std::string hint_for(const Measurement& measurement, const PolicyData& policy) {
  const Nearest nearest = nearest_of(measurement, policy);
  if (nearest.distance > Measurement::kSize)
    return std::string(sentence(Reason::measurement_not_allowed));
  const std::string where =
      "measurement " + std::to_string(nearest.index) + " of \"" + nearest.guest + "\"";
  if (nearest.distance == 0) return "it is " + where + ", whose other rules this guest fails";
  if (nearest.distance <= kSlip) {
    return "it differs from " + where + " in " + std::to_string(nearest.distance) +
           " of 48 bytes only; was that one copied wrongly?";
  }
  return "it resembles none; a changed kernel, initrd, command line, vCPU count or OVMF changes it";
}

}  // namespace

Check check_measurement(const Report& report, const PolicyData& policy, const GuestRule& rule) {
  Check out;
  out.id = "measurement";
  out.got = report.measurement.hex();
  if (rule.measurements.is_any()) {
    out.status = CheckStatus::pass;
    out.want = "dangerously any";
    out.hint = "the policy dangerously accepts any";
    return out;
  }
  const std::size_t count = rule.measurements.values().size();
  out.want = (count == 1 ? "the one of \"" : "one of " + std::to_string(count) + " of \"") +
             rule.name + "\"";
  if (rule.measurements.accepts(report.measurement)) {
    out.status = CheckStatus::pass;
    out.hint = "\"" + rule.name + "\", covers the " + std::string(ratls::name(rule.covers));
    return out;
  }
  out.status = CheckStatus::fail;
  out.reason = Reason::measurement_not_allowed;
  out.hint = hint_for(report.measurement, policy);
  return out;
}

}  // namespace ratls::snp::detail
