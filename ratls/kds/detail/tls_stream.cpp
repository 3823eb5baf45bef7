#include <ratls/kds/detail/tls_stream.h>

#include <array>

namespace ratls::kds {

using ratls::detail::TlsEngine;

Result<std::size_t> read_some(Transport& transport, std::span<std::uint8_t> out,
                              const Patience& patience) {
  while (true) {
    RATLS_CHECK(patience.check());
    auto got = transport.read(out, patience.within(Patience::kSlice));
    if (got || got.error().reason() != Reason::handshake_timeout) return got;
  }
}

Result<void> write_all(Transport& transport, ByteView bytes, const Patience& patience) {
  RATLS_CHECK(patience.check());
  auto sent = transport.write(bytes, patience.deadline());
  if (!sent && sent.error().reason() == Reason::handshake_timeout)
    return Error(Reason::kds_timeout);
  return sent;
}

Result<std::unique_ptr<TlsStream>> TlsStream::open(std::unique_ptr<Transport> transport,
                                                   const Bytes& ca_pem,
                                                   const std::string& server_name,
                                                   const Patience& patience) {
  if (ca_pem.empty() || server_name.empty()) {
    return Error(Reason::internal, "a web server needs CAs and a name");
  }
  ratls::detail::TlsOptions options;
  options.ca_pem = ca_pem;
  options.server_name = server_name;
  options.alpn = {"http/1.1"};
  RATLS_TRY(auto engine, TlsEngine::create(std::move(options)));
  std::unique_ptr<TlsStream> out(new TlsStream(std::move(transport), std::move(engine)));
  RATLS_CHECK(out->handshake(patience));
  return out;
}

Result<void> TlsStream::handshake(const Patience& patience) {
  while (true) {
    auto progress = engine_->handshake();
    if (!progress) {
      static_cast<void>(flush(patience));  // an alert, best effort
      return explained(std::move(progress).error());
    }
    RATLS_CHECK(flush(patience));
    if (*progress == TlsEngine::Progress::over) break;
    RATLS_CHECK(fill(patience));
  }
  RATLS_TRY(const auto done, engine_->finish());
  static_cast<void>(done);
  return {};
}

// A server without TLS 1.3 finds no cipher suite that it knows, and many say only that.
Error TlsStream::explained(Error error) const {
  const bool refused = error.reason() == Reason::tls_failed &&
                       engine_->peer_alert() == ratls::detail::kAlertHandshakeFailure;
  if (!refused) return error;
  return Error(Reason::no_tls13, "it refused the handshake (TLS alert 40)");
}

Result<void> TlsStream::flush(const Patience& patience) {
  const ByteView out = engine_->output();
  if (out.empty()) return {};
  RATLS_CHECK(write_all(*transport_, out, patience));
  engine_->consumed(out.size());
  return {};
}

Result<void> TlsStream::fill(const Patience& patience) {
  std::array<std::uint8_t, 4096> buffer{};
  RATLS_TRY(const std::size_t got, read_some(*transport_, buffer, patience));
  if (got == 0) {
    engine_->feed_end();
  } else {
    engine_->feed(ByteView(buffer).first(got));
  }
  return {};
}

Result<std::size_t> TlsStream::read(std::span<std::uint8_t> out, const Patience& patience) {
  while (true) {
    RATLS_TRY(const TlsEngine::Read got, engine_->read(out));
    if (got.end) return std::size_t{0};
    if (got.size != 0) return got.size;
    RATLS_CHECK(fill(patience));
  }
}

Result<void> TlsStream::write(ByteView bytes, const Patience& patience) {
  RATLS_CHECK(engine_->write(bytes));
  return flush(patience);
}

}  // namespace ratls::kds
