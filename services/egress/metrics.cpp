#include <ratls/services/egress/metrics.h>

#include <algorithm>

namespace ratls::egress {

namespace {

using status::head;
using status::label;
using status::line;
using status::number;

double seconds(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::string code_class(int status) {
  return status == 0 ? "none" : std::to_string(status / 100) + "xx";
}

void figure(std::string& out, const std::string& name, const char* kind, const char* help,
            std::uint64_t value) {
  head(out, name, kind, help);
  line(out, name, std::to_string(value));
}

}  // namespace

Metrics::Metrics()
    : first_byte_({.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}),
      handshakes_({{"accepted", 0}, {"rejected", 0}, {"failed", 0}}),
      duration_({.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1}) {}

void Metrics::request(const Said& said) {
  if (!said.blocked.empty()) ++blocked_;
  if (said.tunnel && said.status == 200) ++tunnels_;
  if (said.first_byte.count() > 0) first_byte_.observe(seconds(said.first_byte));
  // A tunnel is called by its address, which is no label.
  const bool tunnel = said.tunnel && !said.upstream.empty();
  ++requests_[tunnel ? "tunnel" : said.upstream][code_class(said.status)];
}

// "rejected" is what a program reads as 403, "failed" what it reads as 503.
void Metrics::handshake(const Handshake& handshake) {
  duration_.observe(seconds(handshake.took));
  if (handshake.valid_until) valid_until_[handshake.upstream.name] = *handshake.valid_until;
  if (handshake.error == nullptr) {
    ++handshakes_["accepted"];
    return;
  }
  const Reason reason = handshake.error->reason();
  ++handshakes_[is_temporary(reason) ? "failed" : "rejected"];
  ++rejections_[reason];
}

void Metrics::plan(const Plan& plan) {
  const auto open = std::count_if(plan.routes.begin(), plan.routes.end(),
                                  [](const Route& route) { return !route.upstream->attested; });
  unattested_ = static_cast<std::uint64_t>(open) + plan.tunnels.size();
  valid_until_.clear();  // whoever is met from now on is judged anew
}

void Metrics::write_requests(std::string& out) const {
  const std::string requests = "ratls_egress_requests_total";
  head(out, requests, "counter", "Requests of programs, by upstream and class of the answer.");
  for (const auto& [upstream, classes] : requests_) {
    for (const auto& [kind, count] : classes) {
      line(out,
           requests + "{" + label("upstream", upstream) + "," + label("code_class", kind) + "}",
           std::to_string(count));
    }
  }
  const std::string first = "ratls_egress_first_byte_seconds";
  head(out, first, "histogram", "From a request's head to the first byte of its answer.");
  first_byte_.write(out, first);
  figure(out, "ratls_egress_blocked_total", "counter", "CONNECTs to what guest.json does not list.",
         blocked_);
  figure(out, "ratls_egress_tunnels_total", "counter",
         "CONNECTs that were let through, to unattested servers.", tunnels_);
  figure(out, "ratls_egress_unattested_upstreams", "gauge",
         "Upstreams and tunnels of guest.json whose servers nothing attests.", unattested_);
  figure(out, "ratls_egress_turned_away_total", "counter",
         "Programs' connections beyond the limit.", turned_away_);
}

void Metrics::write_handshakes(std::string& out) const {
  const std::string handshakes = "ratls_handshakes_total";
  head(out, handshakes, "counter", "Handshakes with upstreams that ended.");
  for (const auto& [result, count] : handshakes_) {
    line(out, handshakes + "{role=\"client\"," + label("result", result) + "}",
         std::to_string(count));
  }
  const std::string rejections = "ratls_rejections_total";
  head(out, rejections, "counter", "Why there was no channel to an upstream.");
  for (const auto& [reason, count] : rejections_) {
    line(out, rejections + "{role=\"client\"," + label("reason", code(reason)) + "}",
         std::to_string(count));
  }
  const std::string took = "ratls_handshake_duration_seconds";
  head(out, took, "histogram", "From connecting to an open channel or its refusal.");
  duration_.write(out, took);
  const std::string expiry = "ratls_evidence_expiry_timestamp_seconds";
  head(out, expiry, "gauge",
       "When what an upstream was last accepted by ends: its endorsement, or the policy.");
  for (const auto& [upstream, until] : valid_until_) {
    line(out, expiry + "{" + label("upstream", upstream) + "}", std::to_string(until.unix_seconds));
  }
}

std::string Metrics::text(const Now& now) const {
  std::string out;
  head(out, "ratls_build_info", "gauge", "Which release this is.");
  line(out, "ratls_build_info{version=\"0.1.0\"}", "1");
  write_requests(out);
  figure(out, "ratls_egress_connections", "gauge", "Connections of programs that are open.",
         now.connections);
  figure(out, "ratls_egress_pool_channels", "gauge", "Judged channels that wait for a request.",
         now.waiting);
  write_handshakes(out);
  return out;
}

}  // namespace ratls::egress
