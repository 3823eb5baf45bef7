// From a configuration to a session that has not begun.
#include <ratls/detail/session_impl.h>
#include <ratls/transport.h>

namespace ratls {

using detail::PeerLeaf;
using detail::Side;
using detail::TlsEngine;

namespace {

template <class... Rules>
detail::Admission::Rule rule_of(const std::variant<Rules...>& accept) {
  return std::visit([](const auto& rule) { return detail::Admission::Rule(rule); }, accept);
}

}  // namespace

// What `after_handshake` asks for can be had in frames only.
template <class Config>
Result<void> Session::Impl::setup_frames(const Config& config) {
  const AfterHandshake& after = config.after_handshake;
  if (config.framing == Framing::plain) {
    if (after.demand == nullptr && !after.answers && !after.reattestation) return {};
    return Error(Reason::invalid_config, "evidence after the handshake needs a framed endpoint");
  }
  std::optional<AttestedIdentity> answerer = after.answers;
  if (const auto* identity = std::get_if<AttestedIdentity>(&config.identity)) answerer = *identity;
  frames.emplace(detail::Exchange::Rules{answerer.has_value(), after.reattestation});
  frames->answerer = std::move(answerer);
  frames->demand = after.demand;
  frames->verifier = after.demand;
  const auto* evidence = std::get_if<AcceptEvidence>(&config.accept);
  if (evidence == nullptr) return {};
  if (frames->verifier == nullptr) frames->verifier = evidence->verifier;
  if (frames->verifier != evidence->verifier) frames->accepting = evidence->verifier;
  return {};
}

template <class Config>
Result<void> Session::Impl::setup(const Config& config, detail::TlsOptions options) {
  if (const auto* evidence = std::get_if<AcceptEvidence>(&config.accept)) {
    if (evidence->verifier == nullptr) return Error(Reason::invalid_config, "a null verifier");
  }
  if (config.record_limit == 0 || config.record_limit > kMaxRecords) {
    return Error(Reason::invalid_config, "record_limit must be from 1 to 23726566");
  }
  options.record_limit = config.record_limit;
  observer_ = config.observer;
  disclosure_ = config.disclosure;
  timeouts_ = config.timeouts;
  open_by_ = after(handshake_limit(config));
  RATLS_CHECK(setup_frames(config));
  admission.emplace(rule_of(config.accept), side_ == Side::client ? Side::server : Side::client);
  if (const auto* identity = std::get_if<AttestedIdentity>(&config.identity)) attested_ = *identity;
  options.side = side_;
  options.alpn = config.alpn;
  options.pause_for_certificate = attested_.has_value();
  options.judge = [this](const PeerLeaf& leaf) { return judge_inside(leaf); };
  RATLS_CHECK(setup_tickets(config, options));
  RATLS_TRY(engine, TlsEngine::create(std::move(options)));
  RATLS_CHECK(offer_ticket());
  using Pinned = std::shared_ptr<const CertificateIdentity>;
  if (const auto* identity = std::get_if<Pinned>(&config.identity)) {
    return adopt_identity(*identity);
  }
  return {};
}

Result<void> Session::Impl::adopt_identity(
    const std::shared_ptr<const CertificateIdentity>& identity) {
  if (identity == nullptr) return Error(Reason::invalid_config, "an identity that is null");
  certificate_ = identity;  // mbedTLS borrows its key
  key_bound_ = detail::carries_evidence(identity->certificate());
  return engine->set_own_certificate(identity->key(), identity->certificate());
}

Result<std::unique_ptr<Session::Impl>> Session::Impl::client(const ClientConfig& config) {
  std::unique_ptr<Impl> impl(new Impl(Side::client));
  detail::TlsOptions options;
  if (const auto* ca = std::get_if<AcceptCa>(&config.accept)) {
    if (ca->ca_pem.empty() || ca->server_name.empty()) {
      return Error(Reason::invalid_config, "a CA needs certificates and a server name");
    }
    options.ca_pem = ca->ca_pem;
    options.server_name = ca->server_name;
  }
  RATLS_CHECK(impl->setup(config, std::move(options)));
  return impl;
}

Result<std::unique_ptr<Session::Impl>> Session::Impl::server(const ServerConfig& config) {
  std::unique_ptr<Impl> impl(new Impl(Side::server));
  detail::TlsOptions options;
  options.ask_for_certificate = true;
  RATLS_CHECK(impl->setup(config, std::move(options)));
  return impl;
}

}  // namespace ratls
