/// Two TLS engines joined in memory.
#pragma once

#include <functional>
#include <memory>

#include <ratls/core/signing_key.h>
#include <ratls/detail/tls_engine.h>

namespace ratls::test {

/// Moves everything that `from` has to say to `to`; says whether that was anything.
bool pump(detail::TlsEngine& from, detail::TlsEngine& to);

/// A self-signed certificate without evidence, and its key.
struct PlainIdentity {
  PlainIdentity();
  SigningKey key;
  Bytes certificate;
};

/// A client and a server that accept any leaf, and how far they have come.
class EnginePair {
 public:
  using Judge = std::function<Result<void>(const detail::PeerLeaf&)>;
  struct Setup {
    bool ask_for_certificate = true;
    bool client_has_certificate = true;
    Judge client_judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
    Judge server_judge = [](const detail::PeerLeaf&) { return Result<void>{}; };
  };
  explicit EnginePair(const Setup& setup);
  EnginePair() : EnginePair(Setup{}) {}

  /// Runs both until nothing moves any more; stops while the client is paused.
  void run();
  /// Presents the client's certificate where the client is paused, then runs on.
  void resume_client();
  [[nodiscard]] bool both_over() const;

  PlainIdentity server_identity;
  PlainIdentity client_identity;
  std::unique_ptr<detail::TlsEngine> client;
  std::unique_ptr<detail::TlsEngine> server;
  Result<detail::TlsEngine::Progress> client_progress = detail::TlsEngine::Progress::needs_input;
  Result<detail::TlsEngine::Progress> server_progress = detail::TlsEngine::Progress::needs_input;
};

}  // namespace ratls::test
