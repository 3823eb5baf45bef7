#include <ratls/services/broker/metrics.h>

#include <ratls/services/status/exposition.h>

namespace ratls::broker {

namespace {

using status::head;
using status::line;
using status::number;

constexpr double kMicro = 1e-6;

}  // namespace

void Metrics::handshake(std::string_view result, std::chrono::microseconds took,
                        const Verdict* verdict) {
  ++handshakes_[std::string(result)];
  const double seconds = static_cast<double>(took.count()) * kMicro;
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    if (seconds <= kBuckets[i]) ++buckets_[i];
  }
  duration_sum_ += seconds;
  ++duration_count_;
  if (verdict == nullptr) return;
  for (const auto& phase : verdict->timing) {
    Phase& sum = phases_[phase.name];
    sum.seconds += static_cast<double>(phase.microseconds) * kMicro;
    ++sum.count;
  }
}

void Metrics::rejection(Reason reason) {
  ++rejections_[reason];
}

void Metrics::release(std::string_view result) {
  ++releases_[std::string(result)];
}

void Metrics::durations(std::string& out) const {
  const std::string name = "ratls_handshake_duration_seconds";
  head(out, name, "histogram", "From the first byte to an open channel or its refusal.");
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    line(out, name + "_bucket{le=\"" + number(kBuckets[i]) + "\"}", std::to_string(buckets_[i]));
  }
  line(out, name + "_bucket{le=\"+Inf\"}", std::to_string(duration_count_));
  line(out, name + "_sum", number(duration_sum_));
  line(out, name + "_count", std::to_string(duration_count_));
}

std::string Metrics::text() const {
  std::string out;
  head(out, "ratls_build_info", "gauge", "Which release this is.");
  line(out, "ratls_build_info{version=\"0.1.0\"}", "1");
  head(out, "ratls_handshakes_total", "counter", "Handshakes that ended.");
  for (const auto& [result, count] : handshakes_) {
    line(out, "ratls_handshakes_total{role=\"server\",result=\"" + result + "\"}",
         std::to_string(count));
  }
  head(out, "ratls_rejections_total", "counter", "Why guests or requests were refused.");
  for (const auto& [reason, count] : rejections_) {
    line(out,
         "ratls_rejections_total{role=\"server\",reason=\"" + std::string(code(reason)) + "\"}",
         std::to_string(count));
  }
  durations(out);
  head(out, "ratls_verify_phase_seconds", "summary", "Where appraisals spend their time.");
  for (const auto& [name, phase] : phases_) {
    const std::string label = "{phase=\"" + name + "\"}";
    line(out, "ratls_verify_phase_seconds_sum" + label, number(phase.seconds));
    line(out, "ratls_verify_phase_seconds_count" + label, std::to_string(phase.count));
  }
  head(out, "ratls_broker_releases_total", "counter", "Requests for secrets, by outcome.");
  for (const auto& [result, count] : releases_) {
    line(out, "ratls_broker_releases_total{result=\"" + result + "\"}", std::to_string(count));
  }
  head(out, "ratls_broker_connections", "gauge", "Connections that are open.");
  line(out, "ratls_broker_connections", std::to_string(connections_));
  head(out, "ratls_broker_turned_away_total", "counter", "Connections beyond a limit.");
  line(out, "ratls_broker_turned_away_total", std::to_string(turned_away_));
  return out;
}

}  // namespace ratls::broker
