#include <ratls/services/broker/status_door.h>

#include <utility>

namespace ratls::broker {

StatusDoor::StatusDoor(io::Loop& loop, Page metrics, Page status)
    : metrics_(std::move(metrics)),
      status_(std::move(status)),
      door_(loop, [this](const Result<http::RequestHead>& request) {
        const Answer said = answer(request);
        return head_of(said, said.body.size(), true) + said.body;
      }) {}

Answer StatusDoor::answer(const Result<http::RequestHead>& request) const {
  if (!request) return problem(400, Reason::malformed_http);
  if (request->method != "GET") return problem(405, Reason::malformed_http);
  if (request->target == "/metrics") return metrics_();
  if (request->target == "/v1/status") return status_();
  if (request->target.starts_with("/kbs/")) return problem(401, Reason::not_attested);
  return problem(404, Reason::unknown_resource);
}

}  // namespace ratls::broker
