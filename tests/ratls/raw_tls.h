/// mbedTLS by itself, with everything switched on that ratls switches off: tickets, PSKs and every
/// key exchange that is compiled.
#pragma once

#include <optional>
#include <string>

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>

#include <ratls/certgen/identity.h>
#include <ratls/core/bytes.h>
#include <ratls/core/claims.h>
#include <ratls/session.h>

namespace ratls::test {

/// Tickets under one key, and how often somebody came with one.
struct TicketDesk {
  TicketDesk();
  TicketDesk(const TicketDesk&) = delete;
  TicketDesk& operator=(const TicketDesk&) = delete;
  ~TicketDesk();
  mbedtls_ssl_ticket_context context{};
  int offered = 0;
};

struct RawTlsOptions {
  bool server = false;
  const CertificateIdentity* identity = nullptr;  ///< borrowed
  unsigned modes = MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_ALL;
  const std::uint16_t* groups = nullptr;        ///< null: all
  TicketDesk* desk = nullptr;                   ///< a server that gives tickets
  const mbedtls_ssl_session* resume = nullptr;  ///< a client that has one
  bool psk = false;                             ///< offers an external one
};

class RawTls {
 public:
  explicit RawTls(const RawTlsOptions& options);
  RawTls(const RawTls&) = delete;
  RawTls& operator=(const RawTls&) = delete;
  ~RawTls();

  /// Runs against the other side until nothing moves any more.
  void run(Session& other);
  void run(RawTls& other);
  bool over() { return mbedtls_ssl_is_handshake_over(&ssl_) != 0; }
  [[nodiscard]] int failed() const { return failed_; }  ///< mbedTLS's error, or 0
  void write(const std::string& text);

  /// How often a certificate was shown to whoever judges it.
  [[nodiscard]] int judged() const { return judged_; }
  /// Of the other side, after reading all that came.
  [[nodiscard]] int tickets() const { return tickets_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Bytes peer_certificate() const;
  [[nodiscard]] Binder exported(const std::string& label, ByteView context);
  /// The ticket that came last; the caller frees it.
  mbedtls_ssl_session take_session();

 private:
  void step();
  void read();

  mbedtls_ssl_context ssl_{};
  mbedtls_ssl_config config_{};
  mbedtls_x509_crt certificate_{};
  mbedtls_x509_crt none_{};
  mbedtls_pk_context key_{};
  Bytes in_;
  Bytes out_;
  int failed_ = 0;
  int tickets_ = 0;
  int judged_ = 0;
  std::string text_;
  std::optional<mbedtls_ssl_session> session_;

  friend int raw_send(void*, const unsigned char*, std::size_t);
  friend int raw_receive(void*, unsigned char*, std::size_t);
};

}  // namespace ratls::test
