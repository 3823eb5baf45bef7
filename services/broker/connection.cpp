#include <ratls/services/broker/connection.h>

#include <iterator>
#include <utility>

namespace ratls::broker {

namespace {

using namespace std::chrono_literals;

constexpr auto kHeadTime = 10s;  // for one request's head, however it drips
constexpr auto kEndTime = 2s;    // for the peer's end after ours
constexpr auto kLastWord = 1s;   // for a first request, where the broker stops

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

void append(Journal::Fields& fields, Journal::Fields more) {
  fields.insert(fields.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

void add(std::string& list, const std::string& item) {
  list += (list.empty() ? "" : ", ") + item;
}

// Whose measurement it was, where the report was genuine, and which policy came nearest.
Journal::Fields about_refused(const Verdict& verdict) {
  Journal::Fields out;
  for (const auto& field : verdict.peer.fields()) {
    if (field.key != "measurement" || field.json.size() < 2) continue;
    out.emplace_back("peer.measurement", field.json.substr(1, field.json.size() - 2));
  }
  if (verdict.policy) append(out, fields_of(*verdict.policy));
  std::string others;
  for (const auto& other : verdict.other_policies) {
    if (!other.reason) continue;
    add(others, other.policy.name + ": " + std::string(code(*other.reason)));
  }
  if (!others.empty()) out.emplace_back("policy.others", others);
  return out;
}

}  // namespace

Connection::Connection(io::Loop& loop, Desk& desk, std::uint64_t number, std::string from,
                       std::function<void(Connection&)> over)
    : loop_(loop),
      desk_(desk),
      number_(number),
      from_(std::move(from)),
      over_(std::move(over)),
      since_(std::chrono::steady_clock::now()),
      self_(std::make_shared<Connection*>(this)),
      limit_(loop) {}

Connection::~Connection() {
  *self_ = nullptr;
}

void Connection::start(std::unique_ptr<io::Stream> wire, Session session,
                       const Timeouts& timeouts) {
  stream_ =
      std::make_unique<io::AttestedStream>(loop_, std::move(wire), std::move(session), timeouts);
  io::AttestedStream::Events events;
  events.opened = [this] { opened(); };
  events.bytes = [this](ByteView bytes) { take(bytes); };
  events.end = [this] {
    if (ending_) return finish();
    winding_up_ = true;
    if (!busy_) finish_after_end();
  };
  events.failed = [this](const Error& error) { failed(error); };
  stream_->start(std::move(events));
}

Journal::Fields Connection::about() const {
  Journal::Fields out{{"conn", std::to_string(number_)}, {"peer.address", from_}};
  if (!guest_) return out;
  const Acceptance& as = guest_->accepted.at(as_);
  out.emplace_back("peer.guest", as.guest);
  out.emplace_back("peer.measurement", guest_->measurement);
  out.emplace_back("evidence.sha256", guest_->evidence);
  append(out, fields_of(as.policy));
  if (guest_->key_bound) out.emplace_back("peer.level", "key");
  if (guest_->simulated) out.emplace_back("simulated", "true");
  return out;
}

void Connection::opened() {
  const Session& session = stream_->session();
  const VerifiedPeer* peer = session.peer() == nullptr ? nullptr : session.peer()->attested();
  if (peer == nullptr) {  // no configuration leads here; without evidence there is no guest
    desk_.journal().failed("handshake.rejected", Error(Reason::internal, "nobody was judged"),
                           about());
    return end();
  }
  guest_ = guest_of(*peer);
  desk_.opened(*this);
  desk_.metrics().handshake("accepted", since(since_), session.verdict());
  auto fields = about();
  std::string others;
  for (std::size_t i = 1; i < guest_->accepted.size(); ++i) {
    const Acceptance& also = guest_->accepted[i];
    add(others, full_name(also.policy.name, also.guest));
  }
  if (!others.empty()) fields.emplace_back("peer.also", others);
  append(fields, {{"tls.protocol.version", "1.3"},
                  {"tls.cipher", session.cipher_suite()},
                  {"tls.server.hash.sha256", desk_.certificate_hash()}});
  desk_.journal().info("handshake.accepted", fields);
  if (winding_up_) await_last_word();
}

// Also how an ordinary connection ends whose guest goes without close_notify.
void Connection::failed(const Error& error) {
  if (!guest_) {
    const Verdict* verdict = stream_->session().verdict();
    const bool judged = verdict != nullptr && !verdict->accepted;
    desk_.metrics().handshake(judged ? "rejected" : "failed", since(since_), verdict);
    desk_.metrics().rejection(error.reason());
    auto fields = about();
    if (judged) append(fields, about_refused(*verdict));
    desk_.journal().failed("handshake.rejected", error, std::move(fields));
  }
  finish();
}

void Connection::take(ByteView bytes) {
  if (ending_ || !guest_) return;
  asked_ = true;
  if (!reader_.started()) {
    limit_.start(kHeadTime, [this] {
      desk_.journal().failed("request.refused", Error(Reason::handshake_timeout), about());
      finish();
    });
  }
  const auto used = reader_.feed(bytes);
  if (!used) return refuse(400, Reason::malformed_http, true);
  if (!reader_.complete()) return;
  limit_.stop();
  // A second request before the first answer, or a body: neither is needed here.
  if (*used != bytes.size()) return refuse(400, Reason::malformed_http, true);
  const auto request = http::parse_request(reader_.text());
  reader_ = http::HeadReader();
  if (!request) return refuse(400, Reason::malformed_http, true);
  answer_request(*request);
}

void Connection::answer_request(const http::RequestHead& request) {
  const auto& framing = request.framing;
  if (framing.transfer_encoding || framing.content_length.value_or(0) != 0) {
    return refuse(400, Reason::malformed_http, true);
  }
  const std::string* wish = request.headers.find("connection");
  if (wish != nullptr && *wish == "close") winding_up_ = true;
  if (request.method != "GET") return refuse(405, Reason::malformed_http, false);
  if (request.target == "/v1/status") return send(desk_.status_for(*guest_), false);
  release(request);
}

void Connection::release(const http::RequestHead& request) {
  if (const auto wait = desk_.too_often(guest_->report_id)) {
    desk_.metrics().release("throttled");
    desk_.metrics().rejection(Reason::too_many_requests);
    Answer answer = problem(429, Reason::too_many_requests);
    answer.retry_after = std::to_string(*wait);
    return send(answer, false);
  }
  auto asked = std::make_unique<Release>();
  asked->from = from_;
  asked->guest = *guest_;
  asked->rules = desk_.rules();
  if (auto resource = Resource::parse_target(request.target)) asked->resource = *resource;
  busy_ = true;
  stream_->pause();
  const std::weak_ptr<Connection*> self = self_;
  desk_.ask(std::move(asked), [self](Release& release) {
    const auto found = self.lock();
    if (found && *found != nullptr) (*found)->released(release);
  });
}

void Connection::released(Release& release) {
  busy_ = false;
  as_ = release.as;
  auto fields = about();
  if (release.resource) fields.emplace_back("resource", release.resource->uri());
  if (release.seq != 0) fields.emplace_back("audit.seq", std::to_string(release.seq));
  if (release.refusal) {
    const Reason reason = release.refusal->reason();
    const int status = http_status(release);
    desk_.metrics().release(status == 503 ? "failed" : "refused");
    desk_.metrics().rejection(reason);
    desk_.journal().failed("secret.refused", *release.refusal, std::move(fields));
    if (finished_) return;
    return send(problem(status, told(reason)), false);
  }
  desk_.metrics().release("released");
  desk_.journal().info("secret.released", fields);
  if (finished_) return;
  const bool last = winding_up_;
  Answer head{200, "application/octet-stream", {}, {}, {}, release.receipt, {}};
  if (release.lease_until) head.lease_until = to_rfc3339(*release.lease_until);
  stream_->write(as_bytes(head_of(head, release.value.size(), last)));
  release.value.expose([&](ByteView value) { stream_->write(value); });
  release.value = SecretBytes();
  sent(last);
}

void Connection::refuse(int status, Reason reason, bool last) {
  desk_.metrics().rejection(reason);
  desk_.journal().failed("request.refused", Error(reason, "HTTP " + std::to_string(status)),
                         about());
  send(problem(status, reason), last);
}

void Connection::send(const Answer& answer, bool last) {
  last = last || winding_up_;
  stream_->write(as_bytes(head_of(answer, answer.body.size(), last) + answer.body));
  sent(last);
}

void Connection::sent(bool last) {
  if (last) return end();
  stream_->resume();
}

void Connection::wind_up() {
  winding_up_ = true;
  if (guest_ && !busy_) end();
}

// What was asked before this broker's end is answered, and what was to be asked once, as well.
void Connection::drain() {
  if (std::exchange(winding_up_, true) || !guest_ || busy_ || reader_.started()) return;
  asked_ ? end() : await_last_word();
}

void Connection::await_last_word() {
  limit_.start(kLastWord, [this] { end(); });
}

// The guest has ended: what was written leaves with our own end.
void Connection::finish_after_end() {
  if (std::exchange(ending_, true)) return;
  stream_->end();
  limit_.start(0ms, [this] { finish(); });
}

// Our end goes out; the guest's is waited for, so that nothing that was sent is lost.
void Connection::end() {
  if (std::exchange(ending_, true)) return;
  stream_->end();
  stream_->resume();
  limit_.start(kEndTime, [this] { finish(); });
}

void Connection::finish() {
  if (std::exchange(finished_, true)) return;
  const auto call = over_;
  call(*this);
}

}  // namespace ratls::broker
