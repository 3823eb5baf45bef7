#include <ratls/verify/verdict.h>

#include <algorithm>

#include <ratls/core/json.h>

namespace ratls {

namespace {

constexpr std::size_t kIdWidth = 17;
constexpr std::size_t kLabelWidth = 6;

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

std::string_view label(CheckStatus status) {
  switch (status) {
    case CheckStatus::pass:
      return "ok";
    case CheckStatus::fail:
      return "FAIL";
    case CheckStatus::skipped:
      break;
  }
  return "skip";
}

std::string_view json_status(CheckStatus status) {
  switch (status) {
    case CheckStatus::pass:
      return "pass";
    case CheckStatus::fail:
      return "fail";
    case CheckStatus::skipped:
      break;
  }
  return "skipped";
}

std::string_view json_scope(Scope scope) {
  switch (scope) {
    case Scope::authenticity:
      return "authenticity";
    case Scope::report:
      return "report";
    case Scope::certificate:
      return "certificate";
    case Scope::session:
      break;
  }
  return "session";
}

std::string head(const Check& check) {
  std::string title(check.id);
  std::replace(title.begin(), title.end(), '_', ' ');
  return " " + padded(label(check.status), kLabelWidth) + padded(title, kIdWidth);
}

// A failure has a line each for got, want and hint; everything else is one line.
std::string line(const Check& check) {
  if (check.status == CheckStatus::pass) {
    std::string out = head(check) + check.got;
    if (!check.hint.empty()) out += " (" + check.hint + ")";
    return out + "\n";
  }
  if (check.status == CheckStatus::skipped) return head(check) + check.hint + "\n";
  std::string out;
  const std::string indent(1 + kLabelWidth + kIdWidth, ' ');
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    out += (out.empty() ? head(check) : indent) + padded(name, 6) + value + "\n";
  };
  add("got", check.got);
  add("want", check.want);
  add("hint", check.hint);
  if (check.reason) add("see", "docs/reasons.md#" + std::string(code(*check.reason)));
  return out.empty() ? head(check) + "\n" : out;
}

std::string milliseconds(std::uint64_t microseconds) {
  return std::to_string(microseconds / 1000) + "." + std::to_string(microseconds % 1000 / 100) +
         " ms";
}

std::string_view last_word(const Verdict& verdict) {
  if (verdict.reason) return "REJECTED";
  if (verdict.accepted) return "ACCEPTED";
  return verdict.authentic ? "AUTHENTIC" : "REJECTED";
}

std::string counted(const Verdict& verdict) {
  std::size_t passed = 0;
  std::size_t judged = 0;
  for (const Check& check : verdict.checks) {
    judged += check.status == CheckStatus::skipped ? 0 : 1;
    passed += check.status == CheckStatus::pass ? 1 : 0;
  }
  return std::to_string(passed) + " of " + std::to_string(judged) + " checks passed, " +
         milliseconds(verdict.total_microseconds());
}

std::string subject(const Verdict& verdict) {
  if (verdict.reason) return std::string(code(*verdict.reason));
  if (verdict.policy) {
    const std::string name =
        verdict.policy->name + " version " + std::to_string(verdict.policy->version);
    return verdict.scope == Scope::certificate ? name + ", SESSION UNKNOWN" : name;
  }
  return "no policy was applied";
}

// Only where the verifier was told to take it does that check pass (bind.cpp).
bool is_key_bound(const Verdict& verdict) {
  const Check* level = verdict.find("level");
  return level != nullptr && level->status == CheckStatus::pass && level->got == "bound to key";
}

// What an acceptance does not say.
std::string caveats(const Verdict& verdict) {
  std::string out;
  if (is_key_bound(verdict)) {
    out +=
        "KEY-BOUND (level 0): the evidence covers the TLS key and no session; whoever gets hold of "
        "that\nkey shows it from anywhere (CVE-2026-33697).\n";
  }
  if (verdict.resumed_after) {
    out += "RESUMED (level 1): the evidence was accepted in an earlier session, " +
           std::to_string(verdict.resumed_after->count()) +
           " s ago; this one proves\nthat its ticket came back with its key, and nothing else.\n";
  }
  if (verdict.simulated) {
    out += "SIMULATED: a simulator's key signed this; it proves nothing about hardware.\n";
  }
  if (verdict.reason) return out;
  if (verdict.scope == Scope::authenticity) {
    out += "Genuine, and nothing more: no policy was applied, so this is not an acceptance.\n";
  }
  if (verdict.scope == Scope::certificate) {
    out +=
        "The session is unknown: a certificate is public, so this is no word about who shows it.\n";
  } else if (verdict.scope != Scope::session) {
    out += "Not bound to a session: whoever holds this file can show it.\n";
  }
  return out;
}

std::string json_check(const Check& check) {
  json::Object out;
  out.text("id", check.id).text("status", json_status(check.status));
  out.text_or_null("got", check.got).text_or_null("want", check.want);
  out.text_or_null("hint", check.hint);
  out.text_or_null("reason", check.reason ? code(*check.reason) : std::string_view());
  return out.str();
}

std::string json_policy(const PolicyId& policy) {
  json::Object out;
  out.text("name", policy.name).number("version", policy.version);
  out.text("sha256", policy.sha256.hex());
  return out.str();
}

std::string other_policy_line(const Verdict::OtherPolicy& other) {
  const std::string name = other.policy.name + " version " + std::to_string(other.policy.version);
  if (!other.reason) return "ALSO ACCEPTED BY  " + name + "\n";
  return "ALSO REFUSED BY   " + name + ": " + std::string(code(*other.reason)) + "\n";
}

std::string json_other_policy(const Verdict::OtherPolicy& other) {
  json::Object out;
  out.raw("policy", json_policy(other.policy));
  return out.text_or_null("reason", other.reason ? code(*other.reason) : std::string_view()).str();
}

std::string json_peer(const PeerSummary& peer) {
  if (peer.empty()) return "null";
  json::Object out;
  for (const auto& field : peer.fields()) out.raw(field.key, field.json);
  return out.str();
}

std::string json_timing(const Verdict& verdict) {
  json::Object out;
  out.number("total", verdict.total_microseconds());
  for (const auto& phase : verdict.timing) out.number(phase.name, phase.microseconds);
  return out.str();
}

}  // namespace

std::vector<PeerSummary::Field> PeerSummary::fields() const {
  std::vector<Field> out;
  if (facts_ != nullptr) out = facts_->fields();
  out.insert(out.end(), added_.begin(), added_.end());
  return out;
}

const Check* Verdict::find(std::string_view id) const noexcept {
  for (const Check& check : checks) {
    if (check.id == id) return &check;
  }
  return nullptr;
}

std::uint64_t Verdict::total_microseconds() const noexcept {
  std::uint64_t total = 0;
  for (const auto& phase : timing) total += phase.microseconds;
  return total;
}

std::string Verdict::text() const {
  std::string out;
  for (const Check& check : checks) out += line(check);
  out += caveats(*this);
  for (const OtherPolicy& other : other_policies) out += other_policy_line(other);
  return out + std::string(last_word(*this)) + "  " + subject(*this) + "   " + counted(*this) +
         "\n";
}

std::string Verdict::json() const {
  std::vector<std::string> list;
  for (const Check& check : checks) list.push_back(json_check(check));
  json::Object out;
  out.text("schema", "ratls.verdict/1").boolean("accepted", accepted);
  out.boolean("authentic", authentic)
      .boolean("simulated", simulated)
      .text("scope", json_scope(scope));
  out.text_or_null("reason", reason ? code(*reason) : std::string_view());
  if (resumed_after) {
    out.number("resumed_after", static_cast<std::uint64_t>(resumed_after->count()));
  }
  out.raw("policy", policy ? json_policy(*policy) : "null");
  if (!other_policies.empty()) {
    std::vector<std::string> others;
    for (const OtherPolicy& other : other_policies) others.push_back(json_other_policy(other));
    out.raw("other_policies", json::array(others));
  }
  out.raw("peer", json_peer(peer));
  out.raw("checks", json::array(list)).raw("timing_us", json_timing(*this));
  return out.str();
}

}  // namespace ratls
