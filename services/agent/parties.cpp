#include <ratls/services/agent/parties.h>

#include <utility>

#include <ratls/verify/files.h>
#include <ratls/verify/policy_json.h>

namespace ratls::agent {

namespace {

constexpr const char* kSystemCas = "/etc/ssl/certs/ca-certificates.crt";
constexpr std::size_t kMaxCas = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxPolicy = std::size_t{256} * 1024;

template <class T>
Result<T> about(const std::string& file, Result<T> got) {
  if (got) return got;
  return Error(got.error().reason(), file + ": " + got.error().detail());
}

}  // namespace

Result<void> Parties::start(const std::string& instance) {
  std::shared_ptr<const CertificateIdentity> key;
  if (!instance.empty()) {
    RATLS_TRY(auto loaded, CertificateIdentity::load(beside(instance)));
    key = std::make_shared<const CertificateIdentity>(std::move(loaded));
  }
  attester_ = std::make_shared<Attester>(source_, EvidenceQueue::kDefaultDeadline, std::move(key));
  return attester_->start();
}

std::string Parties::beside(const std::string& name) const {
  return name.starts_with('/') || folder_.empty() ? name : folder_ + "/" + name;
}

Result<ClientConfig> Parties::client(const AcceptSpec& spec, bool show_evidence) {
  RATLS_TRY(AcceptServer peer, accept(spec));
  if (show_evidence) return ClientConfig(AttestedIdentity(attester_), std::move(peer));
  return ClientConfig(Anonymous{}, std::move(peer));
}

Result<AcceptServer> Parties::accept(const AcceptSpec& spec) {
  if (!spec.pin.empty()) {
    RATLS_TRY(const AcceptKey key, parse_pin(spec.pin));
    return AcceptServer(key);
  }
  if (!spec.ca.empty()) {
    const std::string file = spec.ca == "system" ? kSystemCas : beside(spec.ca);
    RATLS_TRY(Bytes pem, read_file(file, kMaxCas, Reason::invalid_config));
    return AcceptServer(AcceptCa{std::move(pem), spec.server_name});
  }
  RATLS_TRY(auto judge, verifier(beside(spec.policy)));
  return AcceptServer(AcceptEvidence{std::move(judge), spec.key_bound});
}

Result<std::shared_ptr<const Verifier>> Parties::verifier(const std::string& policy) {
  auto& known = verifiers_[policy];
  if (known) return known;
  RATLS_TRY(const Bytes file, read_file(policy, kMaxPolicy, Reason::invalid_policy));
  RATLS_TRY(Policy parsed, about(policy, parse_policy(file)));
  known = std::make_shared<const Verifier>(std::move(parsed), clock_);
  return known;
}

}  // namespace ratls::agent
