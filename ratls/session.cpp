#include <ratls/session.h>

#include <ratls/core/guarded.h>
#include <ratls/detail/session_impl.h>

namespace ratls {

// Every call that may run out of memory ends here; the session has failed then.
template <class Work>
auto Session::Impl::contained(Work&& work) -> decltype(work()) {
  auto out = guarded(std::forward<Work>(work));
  if (!out && out.error().reason() == Reason::out_of_memory) fail_for_memory();
  return out;
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::client(const ClientConfig& config) {
  return guarded([&]() -> Result<Session> {
    RATLS_TRY(auto impl, Impl::client(config));
    return Session(std::move(impl));
  });
}

Result<Session> Session::server(const ServerConfig& config) {
  return guarded([&]() -> Result<Session> {
    RATLS_TRY(auto impl, Impl::server(config));
    return Session(std::move(impl));
  });
}

std::size_t Session::feed(ByteView bytes) {
  // A refused or finished session reads nothing more: what comes is dropped, not decrypted.
  const State now = impl_->state;
  if (now == State::refusing || now == State::failed || now == State::closed) return bytes.size();
  const auto taken = impl_->contained([&] { return Result(impl_->engine->feed(bytes)); });
  return taken ? *taken : bytes.size();
}

void Session::feed_end() {
  static_cast<void>(impl_->contained([&]() -> Result<void> {
    impl_->feed_end();
    return {};
  }));
}
ByteView Session::output() const {
  return impl_->engine->output();
}
void Session::sent(std::size_t count) {
  impl_->engine->consumed(count);
}
Session::State Session::advance() {
  static_cast<void>(impl_->contained([&] { return Result(impl_->advance()); }));
  return impl_->state;
}
Session::State Session::state() const {
  return impl_->state;
}

const Error* Session::failure() const {
  return impl_->failure ? &*impl_->failure : nullptr;
}
void Session::abandon(Error reason) {
  impl_->fail(std::move(reason));
}

bool Session::evidence_ready() const {
  return impl_->pending && impl_->pending->ready();
}

void Session::on_evidence_ready(std::function<void()> wake) {
  if (impl_->pending) impl_->pending->on_ready(std::move(wake));
}

bool Session::wait_evidence(std::chrono::milliseconds limit) const {
  return !impl_->pending || impl_->pending->wait_for(limit);
}

Result<void> Session::request_evidence() {
  return impl_->contained([&] { return impl_->request_evidence(); });
}
bool Session::requesting() const {
  return impl_->frames && impl_->frames->exchange.asking();
}
bool Session::making_evidence() const {
  return impl_->pending.has_value();
}
bool Session::writable() const {
  return !impl_->frames || (impl_->frames->exchange.may_send() && impl_->frames->outbox.empty());
}

std::optional<std::chrono::steady_clock::time_point> Session::deadline() const {
  return impl_->deadline();
}
Session::State Session::expire() {
  static_cast<void>(impl_->contained([&] { return Result(impl_->expire()); }));
  return impl_->state;
}

const Peer* Session::peer() const {
  return impl_->peer ? &*impl_->peer : nullptr;
}
const Verdict* Session::verdict() const {
  return impl_->admission->verdict();
}
Result<bool> Session::poll_acceptance() {
  return impl_->contained([&] { return impl_->poll_acceptance(); });
}
Result<void> Session::at_rest() {
  return impl_->contained([&] { return impl_->at_rest(); });
}
std::uint64_t Session::records_left() const {
  return impl_->state == State::open ? impl_->engine->records_left() : 0;
}
Result<Session::Read> Session::read(std::span<std::uint8_t> out) {
  return impl_->contained([&] { return impl_->read(out); });
}
Result<void> Session::write(ByteView bytes) {
  return impl_->contained([&] { return impl_->write(bytes); });
}
Result<void> Session::close() {
  return impl_->contained([&] { return impl_->close(); });
}
Result<void> Session::exporter(std::string_view label, ByteView context,
                               std::span<std::uint8_t> out) {
  return impl_->contained([&] { return impl_->exporter(label, context, out); });
}
std::string Session::alpn() const {
  return impl_->engine->alpn();
}
std::string Session::cipher_suite() const {
  return impl_->engine->cipher_suite();
}

}  // namespace ratls
