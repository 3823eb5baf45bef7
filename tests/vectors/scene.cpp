#include "scene.h"

#include <algorithm>
#include <array>

#include <ratls/core/cbor.h>
#include <ratls/core/signing_key.h>

namespace ratls::vectors {
namespace {

constexpr std::string_view kSalt = "ratls test vector: ";

Bytes digest_of(const std::string& name, crypto::TlsHash hash) {
  if (hash == crypto::TlsHash::sha256) {
    const auto digest = crypto::sha256({as_bytes(kSalt), as_bytes(name)});
    return {digest.view().begin(), digest.view().end()};
  }
  const auto digest = crypto::sha384({as_bytes(kSalt), as_bytes(name)});
  return {digest.view().begin(), digest.view().end()};
}

Bytes post_context(const Secrets& secrets, Role role, const SpkiHash& spki) {
  Bytes out = secrets.context;
  out.push_back(static_cast<std::uint8_t>(role));
  append(out, spki.view());
  return out;
}

}  // namespace

Secrets Secrets::of(const std::string& name, crypto::TlsHash hash) {
  return {hash, digest_of(name + ", exporter_master_secret", hash),
          digest_of(name + ", client_handshake_traffic_secret", hash),
          digest_of(name + ", ctx", crypto::TlsHash::sha256)};
}

std::optional<Binder> binder_of(const Secrets& secrets, Role role, Level level, ByteView spki) {
  if (level == Level::key) return std::nullopt;
  const SpkiHash hash = hash_spki(spki);
  std::array<std::uint8_t, Binder::kSize> out{};
  if (level == Level::handshake) {
    static_cast<void>(crypto::hkdf_expand_label(secrets.hash, secrets.client_handshake_traffic,
                                                "ratls s binder", hash.view(), out));
  } else if (role == Role::client) {
    static_cast<void>(crypto::tls_exporter(secrets.hash, secrets.exporter_master,
                                           "EXPERIMENTAL-ratls-v1-client", hash.view(), out));
  } else {
    static_cast<void>(crypto::tls_exporter(secrets.hash, secrets.exporter_master,
                                           "EXPERIMENTAL-ratls-v1-post",
                                           post_context(secrets, role, hash), out));
  }
  return Binder(out);
}

const std::vector<Case>& cases() {
  constexpr auto k256 = crypto::TlsHash::sha256;
  constexpr auto k384 = crypto::TlsHash::sha384;
  static const std::vector<Case> all{
      {"client", Role::client, Level::exporter, k384},
      {"server", Role::server, Level::handshake, k256},
      {"client among five", Role::client, Level::exporter, k256, 5, 3},
      {"client, key only", Role::client, Level::key, k384},
      {"server, key only", Role::server, Level::key, k384},
      {"post-handshake client without a certificate", Role::post_handshake_client, Level::exporter,
       k256},
      {"post-handshake server", Role::post_handshake_server, Level::exporter, k384},
      {"client with a VLEK and a revocation list", Role::client, Level::exporter, k384, 1, 0, true},
      {"client with an unknown claim", Role::client, Level::exporter, k384, 1, 0, false, true},
      {"Azure client", Role::client, Level::exporter, k384, 1, 0, false, false, true},
      {"Azure server among three", Role::server, Level::handshake, k256, 3, 1, false, false, true},
  };
  return all;
}

const Case& case_of(const std::string& name) {
  const auto found = std::find_if(cases().begin(), cases().end(),
                                  [&](const Case& each) { return each.name == name; });
  return found == cases().end() ? cases().front() : *found;
}

Bytes encode_claims(Role role, Level level, const std::optional<Binder>& binder,
                    const SpkiHash& spki, bool unknown_claim) {
  if (!unknown_claim) {
    Claims claims;
    claims.role = role;
    claims.level = level;
    claims.binder = binder;
    claims.pubkey_hash = spki;
    return claims.encode().value();
  }
  cbor::Writer hash;
  hash.array(2).uint(7).bytes(spki.view());
  const Bytes wrapped = std::move(hash).take();
  cbor::Writer out;
  out.map(4).text("later").map(1).text("deep").array(1).array(1).uint(1);
  out.text("nonce").bytes(binder->view());
  out.text("ratls").array(3).uint(1).uint(static_cast<std::uint64_t>(role));
  out.uint(static_cast<std::uint64_t>(level));
  out.text("pubkey-hash").bytes(wrapped);
  return std::move(out).take();
}

ByteView spki_of(const Case& about, const Recording& recorded) {
  switch (about.role) {
    case Role::client:
      return recorded.client_spki;
    case Role::post_handshake_client:
      return {};
    default:
      return recorded.server_spki;
  }
}

Secrets secrets_of(const Case& about, std::size_t place) {
  return Secrets::of(about.name + ", session " + std::to_string(place), about.hash);
}

std::vector<Bytes> claims_of(const Case& about, const Recording& recorded) {
  std::vector<Bytes> out;
  const ByteView spki = spki_of(about, recorded);
  for (std::size_t place = 0; place < about.sessions; ++place) {
    const auto binder = binder_of(secrets_of(about, place), about.role, about.level, spki);
    out.push_back(
        encode_claims(about.role, about.level, binder, hash_spki(spki), about.unknown_claim));
  }
  return out;
}

merkle::Tree tree_over(const std::vector<Bytes>& claims) {
  std::vector<merkle::Node> leaves;
  for (const Bytes& each : claims) leaves.push_back(merkle::leaf(each));
  return merkle::build(leaves).value();
}

ReportData report_data_of(const Case& about, const Recording& recorded) {
  return report_data_for(tree_over(claims_of(about, recorded)).root);
}

EvidenceEnvelope envelope_of(const Case& about, const Recording& recorded) {
  const auto claims = claims_of(about, recorded);
  EvidenceEnvelope out;
  if (about.azure) {
    out.azure = AzureEvidence::decode(recorded.azure.at(about.name)).value();
  } else {
    out.report = recorded.reports.at(about.name);
  }
  out.endorsement = recorded.endorsements.at(about.vlek ? "vlek" : "vcek");
  out.claims = claims[about.place];
  if (about.vlek) out.crl = recorded.crl;
  if (about.sessions > 1) out.path = tree_over(claims).paths[about.place].encode().value();
  return out;
}

}  // namespace ratls::vectors
