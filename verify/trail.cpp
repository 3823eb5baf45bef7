#include <algorithm>
#include <array>

#include <ratls/verify/verdict.h>

namespace ratls {

namespace {

constexpr std::array<std::string_view, 3> kSessionIds{"evidence", "level", "binding"};
constexpr std::array<std::string_view, 4> kCertificateIds{"certificate", "evidence", "leaf_key",
                                                          "binding"};
constexpr std::array<std::string_view, 1> kFileIds{"binding"};
constexpr std::array<std::string_view, 10> kAuthenticityIds{
    "report",  "endorsement",  "signing_key", "product",  "chain",
    "chip_id", "endorsed_tcb", "signature",   "validity", "revocation"};
constexpr std::array<std::string_view, 24> kPolicyIds{
    "policy",   "tcb_order",   "report_version", "accepted_product", "tcb",          "launch_tcb",
    "firmware", "mitigations", "debug",          "migration",        "guest_policy", "guest_abi",
    "vmpl",     "platform",    "chip",           "denied_chip",      "csp",          "host_data",
    "id_key",   "author_key",  "family_id",      "image_id",         "guest_svn",    "measurement"};

constexpr std::size_t kMostChecks =
    kSessionIds.size() + kAuthenticityIds.size() + kPolicyIds.size();

template <class Ids>
void append_ids(std::vector<std::string_view>& out, const Ids& ids) {
  for (const std::string_view id : ids) out.push_back(id);
}

std::vector<std::string_view> ids_of(Scope scope) {
  std::vector<std::string_view> out;
  out.reserve(kMostChecks);
  switch (scope) {
    case Scope::session:
      append_ids(out, kSessionIds);
      break;
    case Scope::certificate:
      append_ids(out, kCertificateIds);
      break;
    default:
      append_ids(out, kFileIds);
  }
  append_ids(out, kAuthenticityIds);
  if (scope != Scope::authenticity) append_ids(out, kPolicyIds);
  return out;
}

// Where no policy says what to do about revocation, it is not judged, and nothing was revoked.
bool is_authentic(const Verdict& verdict) {
  for (const std::string_view id : kAuthenticityIds) {
    const Check* check = verdict.find(id);
    if (check == nullptr || check->status == CheckStatus::fail) return false;
    const bool unjudged = id == "revocation" && verdict.scope == Scope::authenticity;
    if (check->status == CheckStatus::skipped && !unjudged) return false;
  }
  return true;
}

}  // namespace

Trail::Trail(Scope scope) : since_(std::chrono::steady_clock::now()) {
  verdict_.scope = scope;
  verdict_.checks.reserve(kMostChecks);
  verdict_.timing.reserve(8);
}

void Trail::add(Check check) {
  if (check.status == CheckStatus::fail && !verdict_.reason) verdict_.reason = check.reason;
  verdict_.checks.push_back(std::move(check));
}

void Trail::pass(std::string_view id, std::string got, std::string want, std::string hint) {
  add({id, CheckStatus::pass, std::move(got), std::move(want), std::move(hint)});
}

void Trail::skip(std::string_view id, std::string why) {
  add({id, CheckStatus::skipped, {}, {}, std::move(why)});
}

Error Trail::fail(std::string_view id, const Error& error, std::string got, std::string want,
                  std::string hint) {
  if (got.empty()) got = error.detail();
  if (hint.empty()) hint = sentence(error.reason());
  add({id, CheckStatus::fail, std::move(got), std::move(want), std::move(hint), error.reason()});
  return error;
}

void Trail::phase(std::string_view name) {
  const auto now = std::chrono::steady_clock::now();
  stop_phase(now);
  phase_ = name;
  since_ = now;
}

void Trail::stop_phase(std::chrono::steady_clock::time_point now) {
  if (phase_.empty()) return;
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(now - since_);
  verdict_.timing.push_back({phase_, static_cast<std::uint64_t>(spent.count())});
}

Verdict Trail::finish(bool held) && {
  stop_phase(std::chrono::steady_clock::now());
  const bool failed = verdict_.reason.has_value();
  std::size_t at = 0;  // the checks of one that held stand in the order of the ids
  for (const std::string_view id : ids_of(verdict_.scope)) {
    if (at < verdict_.checks.size() && verdict_.checks[at].id == id) {
      ++at;
      continue;
    }
    if (verdict_.find(id) == nullptr) skip(id, failed ? "an earlier check failed" : "not reached");
  }
  if (!held && !failed) verdict_.reason = Reason::internal;
  verdict_.authentic = is_authentic(verdict_);
  verdict_.accepted = held && !failed && verdict_.scope != Scope::authenticity;
  return std::move(verdict_);
}

}  // namespace ratls
