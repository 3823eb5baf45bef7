#include <ratls/services/egress/link.h>

#include <utility>

namespace ratls::egress {

Link::Link(io::Loop& loop, std::shared_ptr<const Upstream> upstream)
    : loop_(loop), upstream_(std::move(upstream)) {}

Link::~Link() = default;

void Link::open(Events events) {
  events_ = std::move(events);
  connector_.emplace(loop_, upstream_->to, upstream_->connect_limit, [this](auto stream) {
    connector_.reset();
    if (!stream) return fail(stream.error());
    connected(std::move(stream).value());
  });
}

void Link::connected(std::unique_ptr<io::Stream> stream) {
  if (upstream_->channel) return start_channel(std::move(stream));
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
  auto session = Session::client(*upstream_->channel);
  if (!session) return fail(session.error());
  channel_ = std::make_unique<io::AttestedStream>(
      loop_, std::move(stream), std::move(session).value(), upstream_->channel->timeouts);
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
