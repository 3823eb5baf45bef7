#include <ratls/services/tunnel/tunnel.h>

#include <utility>

namespace ratls::tunnel {

namespace {

constexpr std::size_t kHighMark = std::size_t{256} * 1024;
constexpr std::chrono::milliseconds kEndTime{1000};  // for the peers' ends after ours

bool is_server(const Plan& plan) {
  return std::holds_alternative<ServerConfig>(plan.config);
}

Result<Session> session_of(const Plan& plan) {
  if (const auto* config = std::get_if<ServerConfig>(&plan.config)) return Session::server(*config);
  return Session::client(std::get<ClientConfig>(plan.config));
}

}  // namespace

const Timeouts& Plan::timeouts() const {
  if (const auto* server = std::get_if<ServerConfig>(&config)) return server->timeouts;
  return std::get<ClientConfig>(config).timeouts;
}

Tunnel::Tunnel(io::Loop& loop, std::shared_ptr<const Plan> plan,
               std::unique_ptr<io::Stream> incoming, std::string from, Events events)
    : loop_(loop),
      plan_(std::move(plan)),
      from_(std::move(from)),
      events_(std::move(events)),
      plain_(std::move(incoming)),
      quiet_(loop) {}

Tunnel::~Tunnel() = default;

const Session* Tunnel::session() const noexcept {
  return attested_ ? &attested_->session() : nullptr;
}

void Tunnel::start() {
  auto session = session_of(*plan_);
  if (!session) return finish(session.error());
  session_.emplace(std::move(session).value());
  if (is_server(*plan_)) return attest(std::move(plain_));
  connect(io::connect_limit(*session_, plan_->connect_limit));
}

void Tunnel::connect(std::chrono::milliseconds limit) {
  connector_.emplace(loop_, plan_->to, limit, [this](auto stream) {
    connector_.reset();
    if (!stream) return finish(stream.error());
    connected(std::move(stream).value());
  });
}

void Tunnel::connected(std::unique_ptr<io::Stream> stream) {
  if (!is_server(*plan_)) return attest(std::move(stream));
  plain_ = std::move(stream);
  join();
}

void Tunnel::attest(std::unique_ptr<io::Stream> wire) {
  attested_ = std::make_unique<io::AttestedStream>(loop_, std::move(wire), std::move(*session_),
                                                   plan_->timeouts());
  session_.reset();
  io::AttestedStream::Events events;
  events.opened = [this] { attested_opened(); };
  events.bytes = [this](ByteView bytes) { to_plain(bytes); };
  events.end = [this] {
    attested_ended_ = true;
    plain_->end();
    finish_if_both_ended();
  };
  events.drained = [this] {
    if (plain_ && !plain_ended_) plain_->resume();
    finish_if_both_ended();
  };
  events.failed = [this](Error error) {
    if (ending_) return finish(std::nullopt);  // all that came was handed on
    if (plain_) plain_->abort();
    finish(std::move(error));
  };
  attested_->start(std::move(events));
}

// The other end of the tunnel is called only for a peer that was accepted.
void Tunnel::attested_opened() {
  attested_open_ = true;
  if (events_.opened) events_.opened(*this);
  if (!is_server(*plan_)) return join();
  attested_->pause();
  connect(plan_->connect_limit);
}

void Tunnel::join() {
  io::Stream::Events events;
  events.bytes = [this](ByteView bytes) { to_attested(bytes); };
  events.end = [this] {
    plain_ended_ = true;
    attested_->end();
    finish_if_both_ended();
  };
  events.drained = [this] {
    if (!attested_ended_) attested_->resume();
    finish_if_both_ended();
  };
  events.failed = [this](Error error) {
    finish(ending_ ? std::nullopt : std::optional(std::move(error)));
  };
  joined_ = true;
  await_silence();
  plain_->start(std::move(events));
  if (is_server(*plan_) && !over_) attested_->resume();
}

void Tunnel::drain(std::chrono::milliseconds silence) {
  silence_ = silence;
  await_silence();
}

void Tunnel::came_from(bool client) {
  answer_due_ = client;
  await_silence();
}

void Tunnel::await_silence() {
  if (!silence_ || !joined_ || ending_) return;
  quiet_.start(*silence_, [this] {
    const bool answered = !answer_due_ && plain_->queued() == 0 && attested_->queued() == 0;
    answered ? end_both() : await_silence();
  });
}

void Tunnel::end_both() {
  ending_ = true;
  if (!plain_ended_) attested_->end();
  if (!attested_ended_) plain_->end();
  quiet_.start(kEndTime, [this] { finish(std::nullopt); });
}

void Tunnel::to_plain(ByteView bytes) {
  if (ending_) return finish(std::nullopt);  // too late: its sender is to see that it was
  came_from(is_server(*plan_));
  plain_->write(bytes);
  if (plain_->queued() > kHighMark) attested_->pause();
}

void Tunnel::to_attested(ByteView bytes) {
  if (ending_) {
    plain_->abort();  // too late: its sender is to see that it was
    return finish(std::nullopt);
  }
  came_from(!is_server(*plan_));
  attested_->write(bytes);
  if (attested_->queued() > kHighMark) plain_->pause();
}

void Tunnel::finish_if_both_ended() {
  if (!plain_ended_ || !attested_ended_) return;
  if (plain_->queued() == 0 && attested_->queued() == 0) finish(std::nullopt);
}

void Tunnel::finish(std::optional<Error> error) {
  if (std::exchange(over_, true)) return;
  const auto call = events_.over;
  call(*this, std::move(error));
}

}  // namespace ratls::tunnel
