#include <ratls/verify/detail/several.h>

#include <algorithm>

#include <ratls/verify/policies.h>

namespace ratls::detail {

namespace {

bool passed(const Verdict& verdict, std::string_view id) {
  const Check* check = verdict.find(id);
  return check != nullptr && check->status == CheckStatus::pass;
}

// What was done before any policy was asked is in every verdict.
std::uint64_t own_microseconds(const Verdict& verdict) {
  std::uint64_t out = 0;
  for (const Verdict::Phase& phase : verdict.timing) {
    if (phase.name != "parse" && phase.name != "binding") out += phase.microseconds;
  }
  return out;
}

}  // namespace

bool Several::Rank::before(const Rank& other) const {
  if (accepted != other.accepted) return accepted;
  if (authentic != other.authentic) return authentic;
  if (measured != other.measured) return measured;
  return failures < other.failures;
}

Several::Rank Several::rank_of(const Verdict& verdict) {
  const auto failures =
      std::count_if(verdict.checks.begin(), verdict.checks.end(),
                    [](const Check& check) { return check.status == CheckStatus::fail; });
  return {verdict.accepted, verdict.authentic, passed(verdict, "measurement"),
          static_cast<std::size_t>(failures)};
}

std::optional<Reason> Several::not_genuine_under(const RootOfTrust& roots) const {
  for (const auto& [digest, reason] : not_genuine_) {
    if (digest == roots.digest()) return reason;
  }
  return std::nullopt;
}

void Several::note(const Policy& policy, const Verdict& verdict) {
  const Rank rank = rank_of(verdict);
  if (!best_ || rank.before(*best_)) {
    best_ = rank;
    chosen_ = judged_;
    chosen_at_ = all_.size();
  }
  ++judged_;
  // Nothing up to the report's signature asks what a policy says, but whom it trusts.
  if (verdict.reason && !passed(verdict, "signature")) {
    not_genuine_.emplace_back(policy.roots().digest(), *verdict.reason);
  }
  microseconds_ += own_microseconds(verdict);
  all_.push_back({id_of(policy), verdict.reason});
}

void Several::note_same(const Policy& policy, Reason reason) {
  all_.push_back({id_of(policy), reason});
}

void Several::complete(Verdict& chosen) {
  chosen.timing.push_back({"other_policies", microseconds_ - own_microseconds(chosen)});
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (i != chosen_at_) chosen.other_policies.push_back(std::move(all_[i]));
  }
}

}  // namespace ratls::detail
