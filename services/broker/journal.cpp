#include <ratls/services/broker/journal.h>

#include <ratls/core/json.h>

namespace ratls::broker {

namespace {

// People look up digests in the audit log.
std::string for_people(std::string_view key, const std::string& value) {
  if (key == "evidence.sha256" || key == "policy.sha256" || key.starts_with("tls.")) return {};
  const bool digest = key == "peer.measurement" && value.size() > 16;
  return "  " + std::string(key) + " " + (digest ? value.substr(0, 16) + "..." : value);
}

}  // namespace

void Journal::info(std::string_view event, const Fields& fields) const {
  write("info", event, fields);
}

void Journal::warn(std::string_view event, const Fields& fields) const {
  write("warn", event, fields);
}

void Journal::failed(std::string_view event, const Error& error, Fields fields) const {
  fields.emplace_back("reason", std::string(code(error.reason())));
  if (!error.detail().empty()) fields.emplace_back("detail", error.detail());
  write("warn", event, fields);
}

void Journal::write(std::string_view level, std::string_view event, const Fields& fields) const {
  const auto now = clock_->now();
  const std::string time = now ? to_rfc3339(*now) : "unknown";
  if (form_ == Form::json) {
    json::Object out;
    out.text("ts", time).text("level", level).text("event", event);
    for (const auto& [key, value] : fields) out.text(key, value);
    sink_(out.str() + "\n");
    return;
  }
  std::string out = time + " " + std::string(event);
  for (const auto& [key, value] : fields) out += for_people(key, value);
  sink_(out + "\n");
}

Journal::Fields fields_of(const PolicyId& policy) {
  return {{"policy.name", policy.name},
          {"policy.version", std::to_string(policy.version)},
          {"policy.sha256", policy.sha256.hex()}};
}

}  // namespace ratls::broker
