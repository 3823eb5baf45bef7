#include <ratls/services/egress/service.h>

#include <algorithm>
#include <utility>

namespace ratls::egress {

namespace {

bool is_local(const io::Endpoint& at) {
  return at.is_unix() || at.address.host == "127.0.0.1" || at.address.host == "::1";
}

}  // namespace

Service::Service(io::Loop& loop, const Plan& plan, Limits limits, Log log)
    : loop_(loop),
      plan_(plan),
      limits_(limits),
      log_(std::move(log)),
      pool_(loop, limits.pool),
      sweep_(loop),
      drain_(loop) {}

Service::~Service() = default;

Result<void> Service::listen(const io::Endpoint& at) {
  if (!is_local(at)) {
    return Error(Reason::invalid_config,
                 "the egress listens on 127.0.0.1, ::1 or unix:PATH only: "
                 "whoever reaches it speaks with the guest's secrets");
  }
  RATLS_TRY(listener_, io::Listener::bind(loop_, at, [this](auto stream, const std::string&) {
              take(std::move(stream));
            }));
  return {};
}

Result<void> Service::adopt(Descriptor socket) {
  RATLS_TRY(listener_,
            io::Listener::adopt(loop_, std::move(socket), [this](auto stream, const std::string&) {
              take(std::move(stream));
            }));
  return {};
}

std::string Service::where() const {
  return listener_ ? listener_->where() : std::string();
}

void Service::warm() {
  for (const Route& route : plan_.routes) {
    if (route.upstream->attested) pool_.warm(route.upstream);
  }
}

void Service::take(std::unique_ptr<io::Stream> stream) {
  if (stopping_ || running_.size() >= limits_.connections) return;
  Conversation::Events events;
  events.said = [this](const Said& said) {
    count(said);
    if (log_) log_(said);
  };
  events.over = [this](Conversation& conversation) { ended(conversation); };
  running_.push_back(
      std::make_unique<Conversation>(loop_, plan_, pool_, std::move(stream), std::move(events)));
  running_.back()->start();
}

void Service::count(const Said& said) {
  if (!said.blocked.empty()) ++counters_.blocked;
  if (said.tunnel && said.status == 200) ++counters_.tunnels;
  ++counters_.requests[said.upstream][said.status / 100];
}

// It is in the middle of a call; it goes when the loop turns.
void Service::ended(Conversation& conversation) {
  const auto at = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& other) { return other.get() == &conversation; });
  if (at != running_.end()) gone_.splice(gone_.end(), running_, at);
  sweep_.start(std::chrono::milliseconds(0), [this] {
    gone_.clear();
    if (stopping_ && running_.empty()) loop_.stop();
  });
}

void Service::stop() {
  listener_.reset();
  pool_.clear();
  if (std::exchange(stopping_, true) || running_.empty()) {
    loop_.stop();
    return;
  }
  drain_.start(limits_.drain, [this] { loop_.stop(); });
}

}  // namespace ratls::egress
