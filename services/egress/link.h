/// One connection to an upstream, through its whole life: connecting, judged, used, idle, used.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/services/egress/route.h>
#include <ratls/services/io/attested.h>

namespace ratls::egress {

/// How the way to an upstream ended that is judged: in an open channel, or not.
struct Handshake {
  const Upstream& upstream;
  std::chrono::microseconds took;        ///< from the first attempt to connect
  const Error* error;                    ///< null: accepted
  const Verdict* verdict;                ///< over its evidence; null where none was judged
  std::optional<Timestamp> valid_until;  ///< of an attested peer: VerifiedPeer::valid_until()
};

/// Threads: the loop's.
class Link {
 public:
  /// Whoever uses it at the moment. Each may destroy the link.
  struct Events {
    std::function<void()> opened;
    std::function<void(ByteView)> bytes;
    std::function<void()> end;
    std::function<void()> drained;
    std::function<void(Error)> failed;
  };

  using Report = std::function<void(const Handshake&)>;
  /// `upstream` is shared with it: what a plan that was replaced says lives as long as its links.
  /// `report` hears of the handshake, once; not of a link without one. It may be null.
  Link(io::Loop& loop, std::shared_ptr<const Upstream> upstream, Report report);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  /// Connects, and judges the peer. Call it once; opened() or failed() follows, later.
  void open(Events events);
  /// The link changes hands; the old owner hears nothing more.
  void hand_to(Events events) { events_ = std::move(events); }

  void write(ByteView bytes);
  void end();
  void pause();
  void resume();
  [[nodiscard]] std::size_t queued() const;

  /// Judged and whole: bytes may go.
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  [[nodiscard]] const Upstream& upstream() const noexcept { return *upstream_; }
  /// The measurement of an attested peer, in hex; empty where there is none.
  [[nodiscard]] std::string measurement() const;
  /// When what an attested peer was accepted by ends; nothing for others.
  [[nodiscard]] std::optional<Timestamp> valid_until() const;

 private:
  Result<void> make_session();
  [[nodiscard]] const VerifiedPeer* attested() const;
  void tell(const Error* error);
  void connected(std::unique_ptr<io::Stream> stream);
  void start_plain(std::unique_ptr<io::Stream> stream);
  void start_channel(std::unique_ptr<io::Stream> stream);
  void became_open();
  void ended();
  void fail(const Error& error);

  io::Loop& loop_;
  std::shared_ptr<const Upstream> upstream_;
  Report report_;
  Events events_;
  std::optional<Session> session_;  ///< of a channel, until TCP stands
  std::chrono::steady_clock::time_point began_;
  std::optional<io::Connector> connector_;
  std::unique_ptr<io::Stream> plain_;
  std::unique_ptr<io::AttestedStream> channel_;
  bool open_ = false;
};

}  // namespace ratls::egress
