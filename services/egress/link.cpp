#include <ratls/services/egress/link.h>

#include <utility>

namespace ratls::egress {

Link::Link(io::Loop& loop, std::shared_ptr<const Upstream> upstream)
    : loop_(loop), upstream_(std::move(upstream)) {}

Link::~Link() = default;

void Link::open(Events events) {
  events_ = std::move(events);
  auto limit = upstream_->connect_limit;
  Result<void> made = make_session();
  if (session_) limit = io::connect_limit(*session_, limit);
  connector_.emplace(loop_, upstream_->to, limit, [this, made](auto stream) {
    connector_.reset();
    if (!made) return fail(made.error());
    if (!stream) return fail(stream.error());
    connected(std::move(stream).value());
  });
}

Result<void> Link::make_session() {
  if (!upstream_->channel) return {};
  RATLS_TRY(Session session, Session::client(*upstream_->channel));
  session_.emplace(std::move(session));
  return {};
}

void Link::connected(std::unique_ptr<io::Stream> stream) {
  if (session_) return start_channel(std::move(stream));
  start_plain(std::move(stream));
}

void Link::start_plain(std::unique_ptr<io::Stream> stream) {
  plain_ = std::move(stream);
  io::Stream::Events events;
  events.bytes = [this](ByteView bytes) {
    const auto call = events_.bytes;
    if (call) call(bytes);
  };
  events.end = [this] { ended(); };
  events.failed = [this](const Error& error) { fail(error); };
  events.drained = [this] {
    const auto call = events_.drained;
    if (call) call();
  };
  plain_->start(std::move(events));
  became_open();
}

void Link::start_channel(std::unique_ptr<io::Stream> stream) {
  channel_ = std::make_unique<io::AttestedStream>(loop_, std::move(stream), std::move(*session_),
                                                  upstream_->channel->timeouts);
  session_.reset();
  io::AttestedStream::Events events;
  events.opened = [this] { became_open(); };
  events.bytes = [this](ByteView bytes) {
    const auto call = events_.bytes;
    if (call) call(bytes);
  };
  events.end = [this] { ended(); };
  events.failed = [this](const Error& error) { fail(error); };
  events.drained = [this] {
    const auto call = events_.drained;
    if (call) call();
  };
  channel_->start(std::move(events));
}

void Link::became_open() {
  open_ = true;
  const auto call = events_.opened;
  if (call) call();
}

void Link::ended() {
  open_ = false;
  const auto call = events_.end;
  if (call) call();
}

void Link::fail(const Error& error) {
  open_ = false;
  const auto call = events_.failed;
  if (call) call(error);
}

void Link::write(ByteView bytes) {
  if (channel_) channel_->write(bytes);
  if (plain_) plain_->write(bytes);
}

void Link::end() {
  if (channel_) channel_->end();
  if (plain_) plain_->end();
}

void Link::pause() {
  if (channel_) channel_->pause();
  if (plain_) plain_->pause();
}

void Link::resume() {
  if (channel_) return channel_->resume();
  if (plain_) plain_->resume();
}

std::size_t Link::queued() const {
  if (channel_) return channel_->queued();
  return plain_ ? plain_->queued() : 0;
}

std::string Link::measurement() const {
  if (!channel_) return {};
  const Peer* peer = channel_->session().peer();
  const VerifiedPeer* verified = peer == nullptr ? nullptr : peer->attested();
  return verified == nullptr ? std::string() : verified->measurement().hex();
}

}  // namespace ratls::egress
