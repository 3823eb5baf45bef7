#include <ratls/channel.h>

#include <array>
#include <utility>

#include <ratls/core/guarded.h>

namespace ratls {

namespace {

constexpr std::size_t kChunk = 16384;
constexpr std::size_t kMaxDrained = 65536;  // docs/protocol.md, section 6

}  // namespace

/// A session and the stream that it runs over.
class Channel::Impl {
 public:
  Impl(Session session, std::unique_ptr<Transport> transport, Timeouts timeouts)
      : session_(std::move(session)), transport_(std::move(transport)), timeouts_(timeouts) {}

  Session& session() noexcept { return session_; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }

  /// What `work` returns; where memory ran out around the session, it is over as well.
  template <class Work>
  auto contained(Work&& work) -> decltype(work()) {
    auto out = guarded(std::forward<Work>(work));
    if (!out && out.error().reason() == Reason::out_of_memory) {
      session_.abandon(Error(Reason::out_of_memory));
    }
    return out;
  }
  Result<void> run_handshake();
  Result<std::size_t> read(std::span<std::uint8_t> out);
  Result<void> write(ByteView bytes);
  Result<void> accepted();
  Result<void> close();
  Result<void> request_evidence();

 private:
  Result<void> flush(Deadline deadline);
  Result<void> fill(Deadline deadline);
  Result<void> await_evidence(Deadline deadline);
  Result<void> wait(Deadline deadline);
  Result<void> until_writable();
  Error after_failure();
  Error ended(const Error& error);
  void drain();

  Session session_;
  std::unique_ptr<Transport> transport_;
  Timeouts timeouts_;
  bool told_ = false;  // a failure's last bytes are out
};

Result<void> Channel::Impl::flush(Deadline deadline) {
  while (!session_.output().empty()) {
    const std::size_t size = session_.output().size();
    RATLS_CHECK(transport_->write(session_.output(), deadline));
    session_.sent(size);
  }
  return {};
}

Result<void> Channel::Impl::fill(Deadline deadline) {
  std::array<std::uint8_t, kChunk> chunk{};
  RATLS_TRY(const std::size_t got, transport_->read(chunk, deadline));
  if (got == 0) session_.feed_end();
  // The session takes all that is offered as long as it is drained after each read.
  if (session_.feed(ByteView(chunk).first(got)) != got) {
    return Error(Reason::internal, "the session's input is full");
  }
  return {};
}

// The report is made elsewhere; this thread only waits for it.
Result<void> Channel::Impl::await_evidence(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() > 0 && session_.wait_evidence(left)) return {};
  return Error(Reason::evidence_timeout, "the firmware took longer than the handshake may");
}

// The session's own error says more than the transport's.
Error Channel::Impl::after_failure() {
  const Deadline deadline = after(timeouts_.drain);
  const bool has_words = !session_.output().empty();
  static_cast<void>(flush(deadline));  // the alert; the peer may be gone
  if (has_words && !told_) drain();
  told_ = true;
  return *session_.failure();
}

// An error of an open session's call; what it still has to say goes out first.
Error Channel::Impl::ended(const Error& error) {
  return session_.failure() == nullptr ? error : after_failure();
}

// For this side's firmware where it works, else for the peer, up to the exchange's own deadline.
Result<void> Channel::Impl::wait(Deadline deadline) {
  auto flushed = flush(deadline);
  if (session_.making_evidence()) {
    RATLS_CHECK(await_evidence(deadline));
    session_.advance();
    return {};
  }
  // Also where nothing can be sent any more: a VERDICT that lies in the input says why.
  const auto own = session_.deadline();
  auto filled = fill(own ? std::min(*own, deadline) : deadline);
  if (filled) return filled;
  if (session_.expire() == Session::State::failed) return after_failure();
  return flushed ? filled : flushed;
}

Result<void> Channel::Impl::until_writable() {
  const Deadline deadline = after(timeouts_.handshake);
  while (!session_.writable()) {
    session_.advance();
    if (session_.failure() != nullptr) return after_failure();
    if (session_.writable()) break;
    if (auto waited = wait(deadline); !waited) {
      session_.abandon(waited.error());
      return waited;
    }
  }
  return {};
}

// close() over unread bytes makes a TCP reset, which can overtake the VERDICT; so end our side
// and let the peer read first.
void Channel::Impl::drain() {
  transport_->end_writing();
  const Deadline deadline = after(timeouts_.drain);
  std::array<std::uint8_t, kChunk> dropped{};
  std::size_t total = 0;
  while (total < kMaxDrained) {
    const auto got = transport_->read(dropped, deadline);
    if (!got || *got == 0) return;
    total += *got;
  }
}

Result<void> Channel::Impl::run_handshake() {
  const Deadline deadline = after(timeouts_.handshake);
  while (true) {
    const Session::State state = session_.advance();
    if (session_.failure() != nullptr) return after_failure();
    RATLS_CHECK(flush(deadline));
    if (state == Session::State::open) return {};
    if (auto waited = wait(deadline); !waited) {
      session_.abandon(waited.error());
      return waited;
    }
  }
}

Result<std::size_t> Channel::Impl::read(std::span<std::uint8_t> out) {
  while (true) {
    const auto got = session_.read(out);
    if (!got) return ended(got.error());
    if (got->size > 0 || got->end || out.empty()) return got->size;
    if (auto waited = wait(after(timeouts_.idle)); !waited) {
      session_.abandon(waited.error());
      return waited.error();
    }
  }
}

Result<void> Channel::Impl::write(ByteView bytes) {
  while (!bytes.empty()) {
    RATLS_CHECK(until_writable());
    const ByteView chunk = bytes.first(std::min(kChunk, bytes.size()));
    if (auto written = session_.write(chunk); !written) return ended(written.error());
    if (auto sent = flush(after(timeouts_.idle)); !sent) {
      // The stream broke: a VERDICT that lies in the input says why.
      RATLS_CHECK(accepted());
      session_.abandon(sent.error());
      return sent;
    }
    bytes = bytes.subspan(chunk.size());
  }
  return {};
}

Result<void> Channel::Impl::accepted() {
  const Deadline deadline = after(timeouts_.verdict);
  while (true) {
    const auto known = session_.poll_acceptance();
    if (!known) return ended(known.error());
    if (*known) return {};
    if (auto waited = wait(deadline); !waited) {
      session_.abandon(Error(Reason::verdict_missing, waited.error().message()));
      return *session_.failure();
    }
  }
}

Result<void> Channel::Impl::close() {
  RATLS_CHECK(accepted());
  RATLS_CHECK(until_writable());
  RATLS_CHECK(session_.close());
  RATLS_CHECK(flush(after(timeouts_.drain)));
  transport_->end_writing();
  return {};
}

Result<void> Channel::Impl::request_evidence() {
  if (auto asked = session_.request_evidence(); !asked) return ended(asked.error());
  const Deadline deadline = after(timeouts_.evidence);
  while (session_.requesting()) {
    session_.advance();
    if (session_.failure() != nullptr) return after_failure();
    if (!session_.requesting()) break;
    if (auto waited = wait(deadline); !waited) {
      session_.abandon(waited.error());
      return waited;
    }
  }
  return flush(after(timeouts_.idle));
}

Channel::Channel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

Result<std::size_t> Channel::read(std::span<std::uint8_t> out) {
  return impl_->contained([&] { return impl_->read(out); });
}
Result<void> Channel::write(ByteView bytes) {
  return impl_->contained([&] { return impl_->write(bytes); });
}
Result<void> Channel::accepted() {
  return impl_->contained([&] { return impl_->accepted(); });
}
Result<void> Channel::close() {
  return impl_->contained([&] { return impl_->close(); });
}
Result<void> Channel::request_evidence() {
  return impl_->contained([&] { return impl_->request_evidence(); });
}
const Peer& Channel::peer() const noexcept {
  return *impl_->session().peer();
}
const Verdict* Channel::verdict() const noexcept {
  return impl_->session().verdict();
}
std::string Channel::alpn() const {
  return impl_->session().alpn();
}
std::string Channel::cipher_suite() const {
  return impl_->session().cipher_suite();
}

/// The one maker of channels.
class Handshake {
 public:
  static HandshakeResult run(Result<Session> session, std::unique_ptr<Transport> transport,
                             const Timeouts& timeouts) try {
    if (!session) return {std::move(session).error(), std::nullopt};
    auto impl =
        std::make_unique<Channel::Impl>(std::move(session).value(), std::move(transport), timeouts);
    auto opened = impl->contained([&] { return impl->run_handshake(); });
    const Verdict* judged = impl->session().verdict();
    std::optional<Verdict> verdict;
    if (judged != nullptr) verdict = *judged;
    if (!opened) return {std::move(opened).error(), std::move(verdict)};
    return {Channel(std::move(impl)), std::move(verdict)};
  } catch (const std::bad_alloc&) {
    return {Error(Reason::out_of_memory), std::nullopt};
  }
};

HandshakeResult connect(const Address& address, const ClientConfig& config) {
  auto transport = TcpStream::connect(address, after(config.timeouts.handshake));
  if (!transport) return {std::move(transport).error(), std::nullopt};
  return connect_over(std::move(transport).value(), config);
}

HandshakeResult connect_over(std::unique_ptr<Transport> transport, const ClientConfig& config) {
  return Handshake::run(Session::client(config), std::move(transport), config.timeouts);
}

HandshakeResult finish_over(Session session, std::unique_ptr<Transport> transport,
                            const Timeouts& timeouts) {
  return Handshake::run(std::move(session), std::move(transport), timeouts);
}

HandshakeResult accept_over(std::unique_ptr<Transport> transport, const ServerConfig& config) {
  return Handshake::run(Session::server(config), std::move(transport), config.timeouts);
}

}  // namespace ratls
