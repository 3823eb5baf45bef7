#include <ratls/services/egress/link.h>

#include <utility>

namespace ratls::egress {

Link::Link(io::Loop& loop, std::shared_ptr<const Upstream> upstream, Report report)
    : loop_(loop), upstream_(std::move(upstream)), report_(std::move(report)) {}

Link::~Link() = default;

void Link::open(Events events) {
  events_ = std::move(events);
  began_ = std::chrono::steady_clock::now();
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
  tell(nullptr);
  const auto call = events_.opened;
  if (call) call();
}

void Link::ended() {
  open_ = false;
  const auto call = events_.end;
  if (call) call();
}

// Failures of a channel that was open are not the handshake's.
void Link::tell(const Error* error) {
  const Report report = std::exchange(report_, nullptr);
  if (!report || !upstream_->channel) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began_);
  const Verdict* verdict = channel_ ? channel_->session().verdict() : nullptr;
  report({*upstream_, took, error, verdict, valid_until()});
}

void Link::fail(const Error& error) {
  open_ = false;
  tell(&error);
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

const VerifiedPeer* Link::attested() const {
  const Peer* peer = channel_ ? channel_->session().peer() : nullptr;
  return peer == nullptr ? nullptr : peer->attested();
}

std::string Link::measurement() const {
  const VerifiedPeer* peer = attested();
  return peer == nullptr ? std::string() : peer->measurement().hex();
}

std::optional<Timestamp> Link::valid_until() const {
  const VerifiedPeer* peer = attested();
  if (peer == nullptr) return std::nullopt;
  return peer->valid_until();
}

}  // namespace ratls::egress
