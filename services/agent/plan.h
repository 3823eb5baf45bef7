/// The egress's plan, made from guest.json and the secrets that came.
#pragma once

#include <ratls/services/agent/gather.h>
#include <ratls/services/agent/parties.h>
#include <ratls/services/egress/route.h>

namespace ratls::agent {

/// Errors: those of Parties::client(); invalid_config for a secret that fits into no header.
Result<egress::Plan> plan_egress(const EgressSpec& spec, Parties& parties, const Secrets& secrets);

}  // namespace ratls::agent
