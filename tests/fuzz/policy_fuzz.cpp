// Policies: what is read can be put in words, written, and read again to the same decisions.
#include <ratls/verify/policy_json.h>
#include <ratls/verify/policy_review.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = parse_policy(ByteView(data, size));
  if (!policy) {
    must(policy.error().reason() == Reason::invalid_policy);
    must(!policy.error().detail().empty());
    return 0;
  }
  const auto again = parse_policy(as_bytes(policy_text(*policy)));
  must(again.has_value());
  must(again->summary() == policy->summary());
  must(compare(*policy, *again).empty());
  return 0;
}
