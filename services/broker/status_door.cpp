#include <ratls/services/broker/status_door.h>

#include <algorithm>
#include <utility>

#include <ratls/core/http_head.h>

namespace ratls::broker {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostVisits = 64;
constexpr auto kTime = 10s;

}  // namespace

class StatusDoor::Visit {
 public:
  Visit(StatusDoor& door, std::unique_ptr<io::Stream> stream)
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
    const Answer answer =
        used ? door_.answer(reader_.text()) : problem(400, Reason::malformed_http);
    stream_->write(as_bytes(head_of(answer, answer.body.size(), true) + answer.body));
    stream_->end();
  }

  StatusDoor& door_;
  std::unique_ptr<io::Stream> stream_;
  io::Timer limit_;
  http::HeadReader reader_;
  bool answered_ = false;
};

StatusDoor::StatusDoor(io::Loop& loop, Page metrics, Page status)
    : loop_(loop), metrics_(std::move(metrics)), status_(std::move(status)), sweep_(loop) {}

StatusDoor::~StatusDoor() = default;

Result<void> StatusDoor::listen(const io::Endpoint& at) {
  RATLS_TRY(listener_, io::Listener::bind(loop_, at, [this](auto stream, const std::string&) {
              take(std::move(stream));
            }));
  return {};
}

std::string StatusDoor::where() const {
  return listener_ ? listener_->where() : std::string();
}

Answer StatusDoor::answer(const std::string& head) const {
  const auto request = http::parse_request(head);
  if (!request) return problem(400, Reason::malformed_http);
  if (request->method != "GET") return problem(405, Reason::malformed_http);
  if (request->target == "/metrics") return metrics_();
  if (request->target == "/v1/status") return status_();
  if (request->target.starts_with("/kbs/")) return problem(401, Reason::not_attested);
  return problem(404, Reason::unknown_resource);
}

void StatusDoor::take(std::unique_ptr<io::Stream> stream) {
  if (visits_.size() >= kMostVisits) return;
  visits_.push_back(std::make_unique<Visit>(*this, std::move(stream)));
  visits_.back()->start();
}

void StatusDoor::over(Visit& visit) {
  const auto at = std::find_if(visits_.begin(), visits_.end(),
                               [&](const auto& other) { return other.get() == &visit; });
  if (at != visits_.end()) gone_.splice(gone_.end(), visits_, at);
  sweep_.start(0ms, [this] { gone_.clear(); });
}

}  // namespace ratls::broker
