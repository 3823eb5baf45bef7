#include <ratls/services/egress/conversation.h>

#include <utility>

namespace ratls::egress {

namespace {

constexpr std::size_t kHighMark = std::size_t{256} * 1024;
constexpr std::chrono::milliseconds kHeadLimit{60000};  // as long as an idle program may wait
constexpr std::chrono::milliseconds kLinger{5000};      // for what a refused program still sends

}  // namespace

Conversation::Conversation(io::Loop& loop, const std::shared_ptr<const Plan>& plan, Pool& pool,
                           std::unique_ptr<io::Stream> program, Events events)
    : loop_(loop),
      plan_(plan),
      pool_(pool),
      program_(std::move(program)),
      events_(std::move(events)),
      limit_(loop) {}

Conversation::~Conversation() {
  wipe(waiting_);
}

void Conversation::start() {
  io::Stream::Events events;
  events.bytes = [this](ByteView bytes) { from_program(bytes); };
  events.end = [this] { program_ended(); };
  events.failed = [this](const Error&) { finish(); };
  events.drained = [this] { program_drained(); };
  limit_.start(kHeadLimit, [this] { finish(); });
  program_->start(std::move(events));
}

void Conversation::from_program(ByteView bytes) {
  if (state_ == State::ended) return;
  if (state_ == State::raw) {
    link_.link->write(bytes);
  } else {
    append(waiting_, bytes);
    pump();
  }
  if (state_ == State::ended) return;
  const bool full = waiting_.size() > kHighMark || (link_.link && link_.link->queued() > kHighMark);
  if (full && !std::exchange(paused_, true)) program_->pause();
}

// The upstream took what waited, or a request is over: go on reading the program.
void Conversation::program_drained() {
  if (state_ == State::ended) {
    if (may_close()) finish();
    return;
  }
  if (link_.link && (state_ == State::exchange || state_ == State::raw)) link_.link->resume();
}

void Conversation::program_ended() {
  program_ended_ = true;
  if (state_ == State::ended) {
    if (may_close()) finish();
    return;
  }
  if (state_ == State::raw) return link_.link->end();
  const bool idle = state_ == State::request_head;
  const bool cut = request_body_ && !request_body_->complete();
  if (idle || state_ == State::linking || cut) finish();
}

void Conversation::pump() {
  while (pump_head() || pump_body()) {
  }
}

// True where a request began.
bool Conversation::pump_head() {
  if (state_ != State::request_head || waiting_.empty()) return false;
  const auto used = request_reader_.feed(waiting_);
  if (!used) {
    refuse(400, used.error());
    return false;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(*used));
  if (!request_reader_.complete()) return false;
  limit_.stop();
  if (auto begun = begin_request(); !begun) refuse(400, begun.error());
  return false;  // what follows waits for the upstream
}

// True where the body's end may have uncovered another request.
bool Conversation::pump_body() {
  if (state_ != State::exchange || request_body_->complete() || waiting_.empty()) return false;
  const auto used = request_body_->feed(waiting_);
  if (!used) {
    fail(used.error());
    return false;
  }
  link_.link->write(ByteView(waiting_).first(*used));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(*used));
  return false;
}

Result<void> Conversation::begin_request() {
  RATLS_TRY(http::RequestHead request, read_request(request_reader_.text()));
  began_ = Clock::now();
  said_ = Said{};
  said_.method = request.method;
  answer_begun_ = until_end_ = overrun_ = retried_ = false;
  keep_alive_ = !winding_up_ && keeps_alive(request.headers);
  RATLS_TRY(request_body_, http::BodyScanner::open(request.headers, request.framing));
  request_ = std::move(request);
  if (request_->method == "CONNECT") return begin_tunnel(*request_);
  choose_upstream();
  return {};
}

void Conversation::choose_upstream() {
  const auto upstream = find_route(*plan_, request_->target);
  if (!upstream) {
    refuse(404, Error(Reason::unknown_resource, "no upstream is configured for this path"));
    return;
  }
  said_.upstream = upstream->name;
  said_.attested = upstream->attested;
  reach(pool_.take(upstream));
}

void Conversation::plan_replaced() {
  const bool listed = said_.tunnel && plan_->tunnels.contains(request_->target);
  if (state_ == State::linking && !said_.tunnel) return choose_upstream();
  if (state_ == State::linking && !listed) {
    refuse(403, Error(Reason::destination_blocked, request_->target));
    return;
  }
  if (state_ != State::raw || listed) return;
  say(Error(Reason::connection_closed, "guest.json was read anew; open it again"));
  close_program();
}

void Conversation::wind_up() {
  keep_alive_ = false;
  winding_up_ = true;
  if (state_ == State::request_head && !request_reader_.started()) finish();
}

Result<void> Conversation::begin_tunnel(const http::RequestHead& request) {
  said_.tunnel = true;
  if (request_body_ && !request_body_->complete()) {
    return Error(Reason::malformed_http, "a CONNECT with a body");
  }
  const auto found = plan_->tunnels.find(request.target);
  if (found == plan_->tunnels.end()) {
    said_.blocked = request.target;
    refuse(403, Error(Reason::destination_blocked, request.target));
    return {};
  }
  said_.upstream = found->second->name;
  reach(pool_.fresh(found->second));
  return {};
}

void Conversation::reach(Pool::Taken taken) {
  state_ = State::linking;
  answer_reader_ = http::HeadReader(http::kMaxProxyHead);
  answer_body_.reset();
  link_ = std::move(taken);
  if (link_.used) {
    link_.link->hand_to(link_events());
    link_opened();
    return;
  }
  link_.link->open(link_events());
}

Link::Events Conversation::link_events() {
  Link::Events events;
  events.opened = [this] { link_opened(); };
  events.bytes = [this](ByteView bytes) { from_link(bytes); };
  events.end = [this] { link_ended(); };
  events.failed = [this](const Error& error) { link_failed(error); };
  events.drained = [this] {
    if (state_ != State::ended && std::exchange(paused_, false)) program_->resume();
  };
  return events;
}

void Conversation::link_opened() {
  if (request_->method == "CONNECT") {
    state_ = State::raw;
    said_.status = 200;
    answer_begun_ = true;
    program_->write(as_bytes("HTTP/1.1 200 Connection Established\r\n\r\n"));
    link_.link->write(waiting_);
    waiting_.clear();
    return;
  }
  send_request();
}

void Conversation::send_request() {
  auto head = request_for(*request_, link_.link->upstream());
  if (!head) return refuse(400, head.error());
  state_ = State::exchange;
  link_.link->write(*head);
  wipe(*head);
  pump();
}

void Conversation::refuse(int status, const Error& error) {
  const Dialect dialect = request_ ? dialect_of(*request_) : Dialect::openai;
  said_.status = status;
  program_->write(as_bytes(api_error(status, error, dialect).reply));
  say(error);
  close_program();
}

// An answer that has begun cannot be taken back: the program must see that it was cut.
void Conversation::fail(const Error& error) {
  if (state_ == State::ended) return;
  if (answer_begun_ || !request_) {
    say(error);
    program_->abort();
    finish();
    return;
  }
  const auto answer = api_error(error, dialect_of(*request_), said_.upstream);
  said_.status = answer.status;
  program_->write(as_bytes(answer.reply));
  say(error);
  close_program();
}

// Ends when what was written has left, and where the program is in the middle of its request when
// that was sent too: closing before would reset the connection, and cost the program the answer.
void Conversation::close_program() {
  state_ = State::ended;
  link_ = {};
  wipe(waiting_);
  waiting_.clear();
  if (std::exchange(paused_, false)) program_->resume();
  program_->end();
  if (may_close()) {
    finish();
    return;
  }
  limit_.start(kLinger, [this] { finish(); });
}

bool Conversation::may_close() const {
  const bool heard = program_ended_ || (request_body_ && request_body_->complete());
  return heard && program_->queued() == 0;
}

void Conversation::say(std::optional<Error> error) {
  said_.error = std::move(error);
  if (events_.said && !said_.method.empty()) events_.said(said_);
  said_.method.clear();
}

void Conversation::finish() {
  if (state_ != State::ended) {
    state_ = State::ended;
    say(Error(Reason::connection_closed, "the program went away"));
  }
  limit_.stop();
  link_ = {};
  const auto call = std::exchange(events_.over, nullptr);
  if (call) call(*this);
}

}  // namespace ratls::egress
