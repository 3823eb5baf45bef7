/// A TLS client that follows no rule of the protocol but TLS itself.
#pragma once

#include <functional>
#include <string>

#include <ratls/certgen/evidence_queue.h>
#include <ratls/detail/tls_engine.h>

#include "attested_world.h"

namespace ratls::test {

class RawClient {
 public:
  explicit RawClient(AttestedWorld& world, bool keep_tickets = false);

  /// What it asks the simulated firmware for; as an honest guest would, unless replaced.
  std::function<EvidenceRequest(EvidenceRequest)> make_request = [](EvidenceRequest r) {
    return r;
  };
  /// The certificate that it shows; the honest one, unless replaced.
  std::function<Bytes(const SigningKey&, ByteView evidence)> make_certificate;

  /// Shows the key and the certificate of a session that is over.
  void steal_from(const RawClient& other);
  /// Runs until nothing moves any more.
  void run(Session& broker);
  /// What the broker's VERDICT or alert says; empty where there is none.
  std::string refusal_text();
  /// Does it hold a ticket, after reading all that came?
  bool got_ticket();

 private:
  void prepare_certificate();

  AttestedWorld& world_;
  std::shared_ptr<const SigningKey> key_;
  Bytes certificate_;
  bool shown_ = false;
  std::unique_ptr<detail::TlsEngine> engine_;
};

}  // namespace ratls::test
