/// Answers of the broker, as texts.
#pragma once

#include <string>
#include <string_view>

#include <ratls/core/error.h>

namespace ratls::broker {

struct Answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::string retry_after;  ///< seconds; empty: no such header
  std::string allow;        ///< methods; empty: no such header
  std::string receipt;      ///< of a release; empty: no such header
  std::string lease_until;  ///< RFC 3339; empty: no such header
};

/// RFC 9457, with the reason's code and its own sentence.
Answer problem(int status, Reason reason);
/// The head in front of a body of `size` bytes. `last`: the connection ends with it.
std::string head_of(const Answer& answer, std::size_t size, bool last);

}  // namespace ratls::broker
