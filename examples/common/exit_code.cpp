#include "exit_code.h"

namespace ratls::examples {

int exit_code(const Error& error) noexcept {
  switch (error.reason()) {
    case Reason::peer_refused:
    case Reason::unknown_resource:
      return kRefused;
    case Reason::firmware_gone:
      return kNoDevice;
    case Reason::firmware_throttled:
    case Reason::cannot_judge_now:
      return kTryAgain;
    default:
      break;
  }
  switch (error.kind()) {
    case Errc::config:
      return kBadConfig;
    case Errc::malformed:
      return kMalformed;
    case Errc::io:
    case Errc::timeout:
    case Errc::closed:
      return kUnavailable;
    case Errc::internal:
      return kBug;
    default:
      return kRejected;
  }
}

}  // namespace ratls::examples
