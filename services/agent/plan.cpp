#include <ratls/services/agent/plan.h>

#include <utility>

namespace ratls::agent {

namespace {

// A model may think for minutes before it says its first word.
constexpr std::chrono::milliseconds kUpstreamIdle{std::chrono::minutes(10)};

std::string host_of(const UpstreamSpec& spec) {
  if (!spec.accept.server_name.empty() && spec.connect.port == 443) return spec.accept.server_name;
  return spec.connect.text();
}

Result<egress::Injection> injection(const UpstreamSpec& upstream, const InjectSpec& spec,
                                    const Secrets& secrets) {
  const auto found = secrets.find(spec.secret);
  if (found == secrets.end()) {
    return Error(Reason::invalid_config, upstream.name + " needs " + spec.secret);
  }
  if (auto fits = egress::check_injectable(*found->second); !fits) {
    return Error(Reason::invalid_config, spec.secret + ": " + fits.error().detail());
  }
  return egress::Injection{spec.header, spec.before, found->second};
}

Result<egress::Route> route_of(const UpstreamSpec& spec, Parties& parties, const Secrets& secrets) {
  auto upstream = std::make_shared<egress::Upstream>();
  upstream->name = spec.name;
  upstream->host = host_of(spec);
  upstream->to = io::Endpoint{spec.connect, {}};
  upstream->attested = !spec.accept.policy.empty();
  RATLS_TRY(upstream->channel, parties.client(spec.accept, spec.show_evidence));
  upstream->channel->timeouts.idle = kUpstreamIdle;
  for (const InjectSpec& each : spec.inject) {
    RATLS_TRY(egress::Injection made, injection(spec, each, secrets));
    upstream->inject.push_back(std::move(made));
  }
  return egress::Route{spec.prefix, std::move(upstream)};
}

}  // namespace

Result<egress::Plan> plan_egress(const EgressSpec& spec, Parties& parties, const Secrets& secrets) {
  egress::Plan out;
  for (const UpstreamSpec& each : spec.upstreams) {
    RATLS_TRY(egress::Route route, route_of(each, parties, secrets));
    out.routes.push_back(std::move(route));
  }
  for (const Address& each : spec.tunnels) {
    auto upstream = std::make_shared<egress::Upstream>();
    upstream->name = upstream->host = each.text();
    upstream->to = io::Endpoint{each, {}};
    out.tunnels[each.text()] = std::move(upstream);
  }
  return out;
}

}  // namespace ratls::agent
