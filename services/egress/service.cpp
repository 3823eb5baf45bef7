#include <ratls/services/egress/service.h>

#include <algorithm>
#include <utility>

namespace ratls::egress {

Service::Service(io::Loop& loop, const Clock& clock, std::shared_ptr<const Plan> plan,
                 const Limits& limits, Log log)
    : loop_(loop),
      plan_(std::move(plan)),
      limits_(limits),
      log_(std::move(log)),
      pool_(loop, limits.pool, clock,
            [this](const Handshake& handshake) { metrics_.handshake(handshake); }),
      sweep_(loop),
      drain_(loop) {
  metrics_.plan(*plan_);
}

Service::~Service() = default;

Result<void> Service::listen(const io::Endpoint& at, Reach reach) {
  if (!at.is_local() && reach != Reach::anywhere) {
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

void Service::replace(std::shared_ptr<const Plan> plan) {
  plan_ = std::move(plan);
  metrics_.plan(*plan_);
  pool_.clear();
  // Each may end in the call, and leave the list by it.
  std::vector<Conversation*> all;
  for (const auto& each : running_) all.push_back(each.get());
  for (Conversation* each : all) each->plan_replaced();
  warm();
}

void Service::warm() {
  if (stopping_) return;
  for (const Route& route : plan_->routes) {
    if (route.upstream->attested) pool_.warm(route.upstream);
  }
}

void Service::take(std::unique_ptr<io::Stream> stream) {
  if (stopping_ || running_.size() >= limits_.connections) {
    metrics_.turned_away();
    return;
  }
  Conversation::Events events;
  events.said = [this](const Said& said) { note(said); };
  events.over = [this](Conversation& conversation) { ended(conversation); };
  running_.push_back(
      std::make_unique<Conversation>(loop_, plan_, pool_, std::move(stream), std::move(events)));
  running_.back()->start();
}

// A program asks for a blocked name again and again; the log says it once.
void Service::note(const Said& said) {
  metrics_.request(said);
  if (!said.blocked.empty()) {
    if (blocked_.size() >= limits_.blocked_names || !blocked_.insert(said.blocked).second) return;
  }
  if (log_) log_(said);
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
  if (std::exchange(stopping_, true)) {
    loop_.stop();
    return;
  }
  std::vector<Conversation*> all;
  for (const auto& each : running_) all.push_back(each.get());
  for (Conversation* each : all) each->wind_up();
  if (running_.empty()) {
    loop_.stop();
    return;
  }
  drain_.start(limits_.drain, [this] { loop_.stop(); });
}

}  // namespace ratls::egress
