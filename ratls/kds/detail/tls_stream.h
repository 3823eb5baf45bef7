/// TLS 1.3 to a server that is judged by the rules of the public web.
///
/// Not a Channel: nothing is attested, and what is read authenticates itself or is not used.
#pragma once

#include <memory>
#include <string>

#include <ratls/detail/tls_engine.h>
#include <ratls/kds/detail/patience.h>
#include <ratls/transport.h>

namespace ratls::kds {

/// Threads: one at a time.
class TlsStream {
 public:
  /// Runs the handshake over `transport`. `ca_pem`: the CAs that are trusted; `server_name`: what
  /// the certificate must be for (RFC 9525), a name or an IP address.
  /// Errors: server_untrusted, server_name_mismatch, server_expired, no_tls13, tls_failed,
  /// connection_closed, kds_timeout, io_error.
  static Result<std::unique_ptr<TlsStream>> open(std::unique_ptr<Transport> transport,
                                                 const Bytes& ca_pem,
                                                 const std::string& server_name,
                                                 const Patience& patience);

  /// At least one byte, or 0 at the orderly end. Errors: as open(); truncated_stream.
  Result<std::size_t> read(std::span<std::uint8_t> out, const Patience& patience);
  Result<void> write(ByteView bytes, const Patience& patience);

 private:
  TlsStream(std::unique_ptr<Transport> transport, std::unique_ptr<detail::TlsEngine> engine)
      : transport_(std::move(transport)), engine_(std::move(engine)) {}
  Result<void> handshake(const Patience& patience);
  Result<void> flush(const Patience& patience);
  Result<void> fill(const Patience& patience);
  Error explained(Error error) const;

  std::unique_ptr<Transport> transport_;
  std::unique_ptr<detail::TlsEngine> engine_;
};

/// At least one byte, or 0 at the end, of a transport whose reads time out in pieces.
Result<std::size_t> read_some(Transport& transport, std::span<std::uint8_t> out,
                              const Patience& patience);
/// Errors: as Transport::write(), and kds_timeout instead of handshake_timeout.
Result<void> write_all(Transport& transport, ByteView bytes, const Patience& patience);

}  // namespace ratls::kds
