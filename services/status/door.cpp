#include <ratls/services/status/door.h>

#include <algorithm>
#include <utility>

namespace ratls::status {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostVisits = 64;
constexpr auto kTime = 10s;

}  // namespace

class Door::Visit {
 public:
  Visit(Door& door, std::unique_ptr<io::Stream> stream)
      : door_(door), stream_(std::move(stream)), limit_(door.loop_) {}

  void start() {
    limit_.start(kTime, [this] { door_.over(*this); });
    io::Stream::Events events;
    events.bytes = [this](ByteView bytes) { take(bytes); };
    events.end = [this] {
      if (!answered_ || stream_->queued() == 0) door_.over(*this);
    };
    events.failed = [this](const Error&) { door_.over(*this); };
    stream_->start(std::move(events));
  }

 private:
  void take(ByteView bytes) {
    if (answered_) return;
    const auto used = reader_.feed(bytes);
    if (used && !reader_.complete()) return;
    answered_ = true;
    const auto request =
        used ? http::parse_request(reader_.text()) : Result<http::RequestHead>(used.error());
    stream_->write(as_bytes(door_.reply_(request)));
    stream_->end();
  }

  Door& door_;
  std::unique_ptr<io::Stream> stream_;
  io::Timer limit_;
  http::HeadReader reader_;
  bool answered_ = false;
};

Door::Door(io::Loop& loop, Reply reply) : loop_(loop), reply_(std::move(reply)), sweep_(loop) {}

Door::~Door() = default;

Result<void> Door::listen(const io::Endpoint& at) {
  RATLS_TRY(listener_, io::Listener::bind(loop_, at, [this](auto stream, const std::string&) {
              take(std::move(stream));
            }));
  return {};
}

Result<void> Door::adopt(Descriptor socket) {
  RATLS_TRY(listener_,
            io::Listener::adopt(loop_, std::move(socket), [this](auto stream, const std::string&) {
              take(std::move(stream));
            }));
  return {};
}

std::string Door::where() const {
  return listener_ ? listener_->where() : std::string();
}

void Door::take(std::unique_ptr<io::Stream> stream) {
  if (visits_.size() >= kMostVisits) return;
  visits_.push_back(std::make_unique<Visit>(*this, std::move(stream)));
  visits_.back()->start();
}

void Door::over(Visit& visit) {
  const auto at = std::find_if(visits_.begin(), visits_.end(),
                               [&](const auto& other) { return other.get() == &visit; });
  if (at != visits_.end()) gone_.splice(gone_.end(), visits_, at);
  sweep_.start(0ms, [this] { gone_.clear(); });
}

}  // namespace ratls::status
