#include <ratls/services/tunnel/service.h>

#include <algorithm>
#include <utility>

namespace ratls::tunnel {

Service::Service(io::Loop& loop, std::shared_ptr<const Plan> plan, Limits limits, Log log)
    : loop_(loop),
      plan_(std::move(plan)),
      limits_(limits),
      log_(std::move(log)),
      sweep_(loop),
      drain_(loop) {}

Service::~Service() = default;

Result<void> Service::listen(const io::Endpoint& at) {
  RATLS_TRY(listener_, io::Listener::bind(loop_, at, [this](auto stream, std::string from) {
              take(std::move(stream), std::move(from));
            }));
  return {};
}

Result<void> Service::adopt(Descriptor socket) {
  RATLS_TRY(listener_,
            io::Listener::adopt(loop_, std::move(socket), [this](auto stream, std::string from) {
              take(std::move(stream), std::move(from));
            }));
  return {};
}

void Service::replace_plan(std::shared_ptr<const Plan> plan) {
  plan_ = std::move(plan);
}

std::string Service::where() const {
  return listener_ ? listener_->where() : std::string("standard input");
}

void Service::serve_one(std::unique_ptr<io::Stream> stream) {
  stopping_ = true;  // the loop stops with the last tunnel
  begin(std::move(stream), "standard input");
}

void Service::take(std::unique_ptr<io::Stream> stream, std::string from) {
  const auto turned_away = [&](std::string_view why) {
    if (log_.turned_away) log_.turned_away(from, why);
  };
  if (stopping_) return;
  if (tunnels_.size() >= limits_.connections) return turned_away("too many connections");
  const auto known = peers_.find(peer_id(from));
  if (known != peers_.end() && known->second >= limits_.per_peer) {
    return turned_away("too many connections from this address");
  }
  begin(std::move(stream), std::move(from));
}

void Service::begin(std::unique_ptr<io::Stream> stream, std::string from) {
  ++peers_[peer_id(from)];
  Tunnel::Events events;
  events.opened = log_.opened;
  events.over = [this](Tunnel& tunnel, std::optional<Error> error) {
    ended(tunnel, std::move(error));
  };
  tunnels_.push_back(std::make_unique<Tunnel>(loop_, plan_, std::move(stream), std::move(from),
                                              std::move(events)));
  tunnels_.back()->start();
}

// The tunnel is in the middle of a call; it goes when the loop turns.
void Service::ended(Tunnel& tunnel, std::optional<Error> error) {
  if (log_.over) log_.over(tunnel, error);
  last_error_ = std::move(error);
  const auto peer = peers_.find(peer_id(tunnel.from()));
  if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  const auto at = std::find_if(tunnels_.begin(), tunnels_.end(),
                               [&](const auto& other) { return other.get() == &tunnel; });
  if (at != tunnels_.end()) gone_.splice(gone_.end(), tunnels_, at);
  sweep_.start(std::chrono::milliseconds(0), [this] {
    gone_.clear();
    if (stopping_ && tunnels_.empty()) loop_.stop();
  });
}

void Service::stop() {
  listener_.reset();
  if (std::exchange(stopping_, true) || tunnels_.empty()) {
    loop_.stop();
    return;
  }
  for (const auto& tunnel : tunnels_) tunnel->drain(limits_.silence);
  drain_.start(limits_.drain, [this] { loop_.stop(); });
}

}  // namespace ratls::tunnel
