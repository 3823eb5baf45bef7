#include <ratls/services/egress/route.h>

#include <algorithm>

namespace ratls::egress {

namespace {

bool leads(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace

std::shared_ptr<const Upstream> find_route(const Plan& plan, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const Route* best = nullptr;
  for (const Route& route : plan.routes) {
    if (!leads(route.prefix, path)) continue;
    if (best == nullptr || route.prefix.size() > best->prefix.size()) best = &route;
  }
  return best == nullptr ? nullptr : best->upstream;
}

Result<void> check_injectable(const SecretBytes& secret) {
  const bool fits = secret.expose([](ByteView bytes) {
    return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(),
                                         [](std::uint8_t c) { return c >= ' ' && c < 0x7f; });
  });
  if (fits) return {};
  return Error(Reason::invalid_config,
               "the secret does not fit into a header: it is empty, or has a line end, a control "
               "character or a byte outside ASCII");
}

}  // namespace ratls::egress
