#include <ratls/services/broker/metrics.h>

#include <ratls/services/status/exposition.h>

#include <ratls/services/broker/doorstep.h>

namespace ratls::broker {

namespace {

using status::head;
using status::line;
using status::number;

constexpr double kMicro = 1e-6;

// One that has no labels.
void alone(std::string& out, const std::string& name, const char* kind, const char* help,
           std::uint64_t value) {
  head(out, name, kind, help);
  line(out, name, std::to_string(value));
}

// One of a single label.
void counts(std::string& out, const std::string& name, const std::string& label, const char* help,
            const std::map<std::string, std::uint64_t, std::less<>>& values) {
  head(out, name, "counter", help);
  for (const auto& [value, count] : values) {
    line(out, name + "{" + label + "=\"" + value + "\"}", std::to_string(count));
  }
}

}  // namespace

// Counters that are there from the beginning, so that their first step is seen as one.
Metrics::Metrics() {
  for (const char* result : {"accepted", "rejected", "failed"}) handshakes_[result] = 0;
  for (const char* result : {"released", "refused", "throttled", "failed"}) releases_[result] = 0;
  for (std::size_t i = 0; i < kTurnedAwayKinds; ++i) {
    turned_away_[std::string(name(static_cast<TurnedAway>(i)))] = 0;
  }
}

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
  head(out, name, "histogram", "From its place to an open channel or its refusal.");
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    line(out, name + "_bucket{le=\"" + number(kBuckets[i]) + "\"}", std::to_string(buckets_[i]));
  }
  line(out, name + "_bucket{le=\"+Inf\"}", std::to_string(duration_count_));
  line(out, name + "_sum", number(duration_sum_));
  line(out, name + "_count", std::to_string(duration_count_));
}

void Metrics::phases(std::string& out) const {
  const std::string name = "ratls_verify_phase_seconds";
  head(out, name, "summary", "Where appraisals spend their time.");
  for (const auto& [phase, sum] : phases_) {
    const std::string label = "{phase=\"" + phase + "\"}";
    line(out, name + "_sum" + label, number(sum.seconds));
    line(out, name + "_count" + label, std::to_string(sum.count));
  }
}

std::string Metrics::text(const Gauges& now) const {
  std::string out;
  head(out, "ratls_build_info", "gauge", "Which release this is.");
  line(out,
       "ratls_build_info{version=\"" RATLS_VERSION "\",git=\"" RATLS_GIT
       "\",mbedtls=\"" RATLS_MBEDTLS_VERSION "\"}",
       "1");
  counts(out, "ratls_handshakes_total", "role=\"server\",result", "Handshakes that ended.",
         handshakes_);
  head(out, "ratls_rejections_total", "counter", "Why guests or requests were refused.");
  for (const auto& [reason, count] : rejections_) {
    line(out,
         "ratls_rejections_total{role=\"server\",reason=\"" + std::string(code(reason)) + "\"}",
         std::to_string(count));
  }
  durations(out);
  phases(out);
  alone(out, "ratls_verify_cache_hits_total", "counter",
        "Reports whose signature was known: no public-key arithmetic.", now.remembered.hits);
  alone(out, "ratls_verify_cache_misses_total", "counter",
        "Reports whose signature had to be looked at.", now.remembered.misses);
  head(out, "ratls_collateral_expiry_timestamp_seconds", "gauge",
       "When the first of a kind ends, of what this broker was given.");
  for (const auto& [kind, ends] : now.expiries) {
    line(out, "ratls_collateral_expiry_timestamp_seconds{kind=\"" + kind + "\"}",
         std::to_string(ends.unix_seconds));
  }
  counts(out, "ratls_broker_releases_total", "result", "Requests for secrets, by outcome.",
         releases_);
  alone(out, "ratls_broker_connections", "gauge", "Connections that are there, waiting ones too.",
        now.connections);
  alone(out, "ratls_broker_handshakes", "gauge", "Handshakes under way.", now.handshakes);
  alone(out, "ratls_broker_waiting", "gauge", "Connections that wait for a handshake's place.",
        now.waiting);
  counts(out, "ratls_broker_turned_away_total", "rule", "Connections closed without a handshake.",
         turned_away_);
  return out;
}

}  // namespace ratls::broker
