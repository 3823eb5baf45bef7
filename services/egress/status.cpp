// What an egress tells this machine about itself.
#include <ratls/core/json.h>
#include <ratls/services/egress/service.h>
#include <ratls/services/http/problem.h>

namespace ratls::egress {

namespace {

std::string reply(int status, const char* type, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " " + http::phrase(status) +
         "\r\ncontent-type: " + type + "\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\ncache-control: no-store\r\nconnection: close\r\n\r\n" + body;
}

std::string refusal(int status, Reason reason) {
  return reply(status, http::kProblemType, http::problem_json(status, reason));
}

// The policy that judges an upstream now; null where nothing attests it.
const Verifier* judge_of(const Upstream& upstream) {
  if (!upstream.channel) return nullptr;
  const auto* accept = std::get_if<AcceptEvidence>(&upstream.channel->accept);
  return accept == nullptr ? nullptr : accept->verifier.get();
}

std::string told(const Upstream& upstream) {
  json::Object out;
  out.text("name", upstream.name).boolean("attested", upstream.attested);
  if (const Verifier* judge = judge_of(upstream)) {
    const Policy policy = judge->policy();
    json::Object named;
    named.text("name", policy.name()).number("version", policy.version());
    out.raw("policy", named.text("sha256", policy.sha256().hex()).str());
  }
  return out.str();
}

}  // namespace

Result<void> Service::open_status(const io::Endpoint& at, Page more) {
  if (!at.is_local()) {
    return Error(Reason::invalid_config,
                 "status stands on 127.0.0.1, ::1 or unix:PATH only: nobody is asked who he is");
  }
  more_metrics_ = std::move(more);
  status_.emplace(
      loop_, [this](const Result<http::RequestHead>& request) { return status_reply(request); });
  return status_->listen(at);
}

std::string Service::status_where() const {
  return status_ ? status_->where() : std::string();
}

std::string Service::metrics_text() const {
  std::string out = metrics_.text({running_.size(), pool_.size()});
  return more_metrics_ ? out + more_metrics_() : out;
}

std::string Service::status_reply(const Result<http::RequestHead>& request) const {
  if (!request) return refusal(400, Reason::malformed_http);
  if (request->method != "GET") return refusal(405, Reason::malformed_http);
  if (request->target == "/metrics") return reply(200, status::kExpositionType, metrics_text());
  if (request->target != "/v1/status") return refusal(404, Reason::unknown_resource);
  std::string upstreams;
  for (const Route& route : plan_->routes) {
    upstreams += (upstreams.empty() ? "" : ",") + told(*route.upstream);
  }
  json::Object out;
  out.text("schema", "ratls.egress_status/1").text("state", stopping_ ? "draining" : "serving");
  out.raw("upstreams", "[" + upstreams + "]").number("tunnels", plan_->tunnels.size());
  return reply(200, "application/json", out.str() + "\n");
}

}  // namespace ratls::egress
