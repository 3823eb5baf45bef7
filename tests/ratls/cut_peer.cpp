#include "cut_peer.h"

#include <algorithm>

namespace ratls::test {

Result<std::size_t> CutPeer::read(std::span<std::uint8_t> out, Deadline) {
  peer_.advance();
  if (peer_.making_evidence() && peer_.wait_evidence(std::chrono::seconds(2))) peer_.advance();
  const ByteView ready = peer_.output();
  const std::size_t count = std::min({out.size(), ready.size(), left_});
  if (count > 0) {
    std::copy_n(ready.begin(), count, out.begin());
    peer_.sent(count);
    left_ -= count;
    return count;
  }
  if (cut_ == Cut::end) return std::size_t{0};
  if (cut_ == Cut::reset) return Error(Reason::connection_closed, "reset");
  return Error(Reason::handshake_timeout);
}

Result<void> CutPeer::write(ByteView bytes, Deadline) {
  if (cut_ == Cut::reset && left_ == 0) return Error(Reason::connection_closed, "reset");
  peer_.feed(bytes);
  peer_.advance();
  return {};
}

void CutPeer::end_writing() noexcept {
  if (!told_) peer_.feed_end();
  told_ = true;
}

}  // namespace ratls::test
