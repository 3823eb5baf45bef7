/// One connection to an upstream, through its whole life: connecting, judged, used, idle, used.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <ratls/services/egress/route.h>
#include <ratls/services/io/attested.h>

namespace ratls::egress {

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

  /// `upstream` is shared with it: a plan that is replaced lives as long as its links.
  Link(io::Loop& loop, std::shared_ptr<const Upstream> upstream);
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

 private:
  Result<void> make_session();
  void connected(std::unique_ptr<io::Stream> stream);
  void start_plain(std::unique_ptr<io::Stream> stream);
  void start_channel(std::unique_ptr<io::Stream> stream);
  void became_open();
  void ended();
  void fail(const Error& error);

  io::Loop& loop_;
  std::shared_ptr<const Upstream> upstream_;
  Events events_;
  std::optional<Session> session_;  ///< of a channel, until TCP stands
  std::optional<io::Connector> connector_;
  std::unique_ptr<io::Stream> plain_;
  std::unique_ptr<io::AttestedStream> channel_;
  bool open_ = false;
};

}  // namespace ratls::egress
