// The half of a conversation that comes back from the upstream.
#include <utility>

#include <ratls/services/egress/conversation.h>

namespace ratls::egress {

namespace {

constexpr std::size_t kHighMark = std::size_t{256} * 1024;

// RFC 9112, 6.3: these have no body, whatever their fields say.
bool is_bodiless(const http::RequestHead& request, int status) {
  return request.method == "HEAD" || status == 204 || status == 304;
}

// RFC 9110, 9.2.2, as far as a second try is concerned.
bool is_repeatable(const http::RequestHead& request) {
  const bool body = request.framing.transfer_encoding || request.framing.content_length > 0U;
  return (request.method == "GET" || request.method == "HEAD") && !body;
}

}  // namespace

void Conversation::from_link(ByteView bytes) {
  while (!bytes.empty() && state_ == State::exchange) {
    auto rest = take_answer(bytes);
    if (!rest) return fail(rest.error());
    bytes = *rest;
  }
  if (state_ == State::raw && !bytes.empty()) program_->write(bytes);
  if (state_ == State::ended || !link_.link) return;
  if (program_->queued() > kHighMark) link_.link->pause();
}

// Takes some of `bytes`; says what is left.
Result<ByteView> Conversation::take_answer(ByteView bytes) {
  if (!answer_reader_.complete()) {
    RATLS_TRY(const std::size_t used, answer_reader_.feed(bytes));
    if (answer_reader_.complete()) RATLS_CHECK(begin_answer());
    return bytes.subspan(used);
  }
  if (until_end_) {
    program_->write(bytes);
    return ByteView{};
  }
  RATLS_TRY(const std::size_t used, answer_body_->feed(bytes));
  program_->write(bytes.first(used));
  overrun_ = used < bytes.size();
  if (answer_body_->complete()) finish_exchange();
  return ByteView{};
}

Result<void> Conversation::begin_answer() {
  RATLS_TRY(const http::ResponseHead head, http::parse_response(answer_reader_.text()));
  if (said_.status == 0) {
    said_.first_byte = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
  }
  if (head.status == 101 && !wants_upgrade(request_->headers)) {
    return Error(Reason::malformed_http, "the upstream changes a protocol that nobody asked to");
  }
  const bool interim = head.status < 200 && head.status != 101;
  const bool bodiless = is_bodiless(*request_, head.status);
  until_end_ = !interim && !bodiless && head.status != 101 && !head.framing.content_length &&
               !head.framing.transfer_encoding;
  reusable_ = keeps_alive(head.headers) && !until_end_;
  const Upstream& upstream = link_.link->upstream();
  RATLS_TRY(const std::string text,
            response_for(head, {upstream.attested, link_.link->measurement()},
                         keep_alive_ && !until_end_));
  program_->write(as_bytes(text));
  if (interim) {
    answer_reader_ = http::HeadReader(http::kMaxProxyHead);
    return {};
  }
  said_.status = head.status;
  answer_begun_ = true;
  return begin_answer_body(head);
}

Result<void> Conversation::begin_answer_body(const http::ResponseHead& head) {
  if (head.status == 101) {
    state_ = State::raw;
    link_.link->write(waiting_);
    waiting_.clear();
    return {};
  }
  http::Framing framing = head.framing;
  if (is_bodiless(*request_, head.status)) framing = {};
  RATLS_TRY(answer_body_, http::BodyScanner::open(head.headers, framing));
  if (!until_end_ && answer_body_->complete()) finish_exchange();
  return {};
}

// The answer is whole. The connections go on where both messages ended in order.
void Conversation::finish_exchange() {
  const bool asked_all = request_body_->complete();
  say(std::nullopt);
  if (!asked_all || !keep_alive_ || until_end_) {
    close_program();
    return;
  }
  Pool::Taken link = std::exchange(link_, {});
  if (reusable_ && !overrun_) pool_.give_back(std::move(link));
  state_ = State::request_head;
  request_.reset();
  request_reader_ = http::HeadReader(http::kMaxProxyHead);
  request_body_.reset();
  if (program_ended_) {
    finish();
    return;
  }
  limit_.start(std::chrono::milliseconds(60000), [this] { finish(); });
  if (std::exchange(paused_, false)) program_->resume();
  pump();
}

void Conversation::link_ended() {
  if (state_ == State::raw) {
    say(std::nullopt);
    close_program();
    return;
  }
  if (state_ == State::exchange && until_end_ && answer_begun_) {
    say(std::nullopt);
    close_program();
    return;
  }
  link_failed(Error(Reason::connection_closed, "the upstream ended before its answer did"));
}

void Conversation::link_failed(const Error& error) {
  if (state_ == State::ended || retry()) return;
  fail(error);
}

// A channel that waited may have died unnoticed. Asked again is only what is safe to ask twice.
bool Conversation::retry() {
  const bool safe =
      link_.used && !retried_ && !answer_reader_.started() && request_ && is_repeatable(*request_);
  if (!safe) return false;
  retried_ = true;
  const auto upstream = find_route(*plan_, request_->target);
  if (!upstream) return false;
  reach(pool_.fresh(upstream));
  return true;
}

}  // namespace ratls::egress
