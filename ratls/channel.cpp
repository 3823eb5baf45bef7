#include <ratls/channel.h>

#include <algorithm>
#include <utility>

#include <ratls/core/guarded.h>
#include <ratls/detail/channel_impl.h>

namespace ratls {

Channel::Channel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

Result<std::size_t> Channel::read(std::span<std::uint8_t> out, Deadline deadline) {
  return impl_->contained([&] { return impl_->read(out, deadline); });
}
Result<void> Channel::write(ByteView bytes, Deadline deadline) {
  return impl_->contained([&] { return impl_->write(bytes, deadline); });
}
Result<void> Channel::accepted(Deadline deadline) {
  return impl_->contained([&] { return impl_->accepted(deadline); });
}
Result<void> Channel::close(Deadline deadline) {
  return impl_->contained([&] { return impl_->close(deadline); });
}
Result<void> Channel::at_rest() {
  return impl_->contained([&] { return impl_->at_rest(); });
}
std::uint64_t Channel::records_left() const {
  return impl_->session().records_left();
}
Result<void> Channel::request_evidence() {
  return impl_->contained([&] { return impl_->request_evidence(); });
}
Result<void> Channel::exporter(std::string_view label, ByteView context,
                               std::span<std::uint8_t> out) {
  return impl_->contained([&] { return impl_->session().exporter(label, context, out); });
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
                             const Timeouts& timeouts, Deadline deadline) try {
    if (!session) return {std::move(session).error(), std::nullopt};
    auto impl =
        std::make_unique<Channel::Impl>(std::move(session).value(), std::move(transport), timeouts);
    auto opened = impl->contained([&] { return impl->run_handshake(deadline); });
    const Verdict* judged = impl->session().verdict();
    std::optional<Verdict> verdict;
    if (judged != nullptr) verdict = *judged;
    if (!opened) return {std::move(opened).error(), std::move(verdict)};
    return {Channel(std::move(impl)), std::move(verdict)};
  } catch (const std::bad_alloc&) {
    return {Error(Reason::out_of_memory), std::nullopt};
  }
};

// The session comes first: its deadline runs from here, over the look-up and TCP as well.
HandshakeResult connect(const Address& address, const ClientConfig& config, Deadline deadline) {
  auto session = Session::client(config);
  if (!session) return {std::move(session).error(), std::nullopt};
  const Deadline first = std::min(session->deadline().value_or(deadline), deadline);
  auto transport = TcpStream::connect(address, first);
  if (!transport) return {std::move(transport).error(), std::nullopt};
  return Handshake::run(std::move(session), std::move(transport).value(), config.timeouts,
                        deadline);
}

HandshakeResult connect_over(std::unique_ptr<Transport> transport, const ClientConfig& config,
                             Deadline deadline) {
  return Handshake::run(Session::client(config), std::move(transport), config.timeouts, deadline);
}

HandshakeResult finish_over(Session session, std::unique_ptr<Transport> transport,
                            const Timeouts& timeouts, Deadline deadline) {
  return Handshake::run(std::move(session), std::move(transport), timeouts, deadline);
}

HandshakeResult accept_over(std::unique_ptr<Transport> transport, const ServerConfig& config,
                            Deadline deadline) {
  return Handshake::run(Session::server(config), std::move(transport), config.timeouts, deadline);
}

}  // namespace ratls
