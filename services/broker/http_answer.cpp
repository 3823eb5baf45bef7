#include <ratls/services/broker/http_answer.h>

#include <ratls/core/http_head.h>
#include <ratls/services/http/problem.h>

namespace ratls::broker {

Answer problem(int status, Reason reason) {
  Answer out{status, http::kProblemType, http::problem_json(status, reason), {}, {}, {}, {}};
  if (status == 503) out.retry_after = "5";
  if (status == 405) out.allow = "GET";
  return out;
}

std::string head_of(const Answer& answer, std::size_t size, bool last) {
  http::ResponseHead head{answer.status, http::phrase(answer.status), {}, {}};
  head.headers.add({"content-type", answer.type});
  head.headers.add({"content-length", std::to_string(size)});
  head.headers.add({"cache-control", "no-store"});
  if (!answer.retry_after.empty()) head.headers.add({"retry-after", answer.retry_after});
  if (!answer.allow.empty()) head.headers.add({"allow", answer.allow});
  if (!answer.receipt.empty()) head.headers.add({"ratls-receipt", answer.receipt});
  if (!answer.lease_until.empty()) {
    head.headers.add({"ratls-lease-until", answer.lease_until});
  }
  if (last) head.headers.add({"connection", "close"});
  const auto text = http::write(head);
  return text ? *text : std::string();
}

}  // namespace ratls::broker
