/// A genuine peer behind a transport that is cut after so many of the peer's bytes.
#pragma once

#include <ratls/session.h>
#include <ratls/transport.h>

namespace ratls::test {

/// What is read when the cut is reached; no test waits for it.
enum class Cut : std::uint8_t {
  silence,  ///< the deadline passes
  reset,    ///< the connection breaks
  end,      ///< the stream ends, without close_notify
};

/// Runs `peer` in memory. Both outlive the transport.
class CutPeer final : public Transport {
 public:
  CutPeer(Session& peer, std::size_t bytes, Cut cut) : peer_(peer), left_(bytes), cut_(cut) {}

  Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline) override;
  Result<void> write(ByteView bytes, Deadline deadline) override;
  void end_writing() noexcept override;

 private:
  Session& peer_;
  std::size_t left_;
  Cut cut_;
  bool told_ = false;
};

}  // namespace ratls::test
