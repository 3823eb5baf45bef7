#include <ratls/certgen/doctor/doctor.h>

#include <algorithm>

#include <ratls/certgen/doctor/detail/checks.h>
#include <ratls/core/json.h>

namespace ratls::doctor {

namespace {

constexpr std::size_t kIdWidth = 18;
constexpr std::size_t kLabelWidth = 6;

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

std::string_view label(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::warn:
      return "warn";
    case Status::fail:
      return "FAIL";
    case Status::skipped:
      break;
  }
  return "skip";
}

std::string_view json_status(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::warn:
      return "warn";
    case Status::fail:
      return "fail";
    case Status::skipped:
      break;
  }
  return "skipped";
}

}  // namespace

std::string_view name(Door door) noexcept {
  switch (door) {
    case Door::configfs:
      return "configfs";
    case Door::sev_guest:
      return "sev-guest";
    case Door::azure_vtpm:
      return "azure-vtpm";
    case Door::none:
      break;
  }
  return "";
}

Diagnosis diagnose(const MachineFacts& facts) {
  Diagnosis out;
  out.door = detail::best_door(facts);
  out.checks = {detail::check_guest(facts, out.door),
                detail::check_driver(facts, out.door),
                detail::check_tsm(facts, out.door),
                detail::check_provider(facts),
                detail::check_level(facts),
                detail::check_device(facts, out.door),
                detail::check_azure_vtpm(facts),
                detail::check_azure_report(facts),
                detail::check_azure_key(facts),
                detail::check_azure_endorsement(facts),
                detail::check_clock(facts),
                detail::check_memlock(facts),
                detail::check_swap(facts)};
  return out;
}

bool has_failure(const std::vector<Check>& checks) noexcept {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.status == Status::fail; });
}

std::string text_of(const std::vector<Check>& checks) {
  std::string out;
  const std::string indent(1 + kLabelWidth + kIdWidth, ' ');
  for (const Check& check : checks) {
    std::string title(check.id);
    std::replace(title.begin(), title.end(), '_', ' ');
    out += " " + padded(label(check.status), kLabelWidth) + padded(title, kIdWidth) + check.got;
    out += "\n";
    if (!check.fix.empty()) out += indent + "fix   " + check.fix + "\n";
  }
  return out;
}

std::string json_of(const std::vector<Check>& checks) {
  std::vector<std::string> list;
  for (const Check& check : checks) {
    json::Object out;
    out.text("id", check.id).text("status", json_status(check.status));
    list.push_back(out.text("got", check.got).text_or_null("fix", check.fix).str());
  }
  return json::array(list);
}

}  // namespace ratls::doctor
