/// The sessions, claims and evidence that the test vectors are about. All but what a Recording
/// holds follows from their names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ratls/core/claims.h>
#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/merkle.h>
#include <ratls/core/report_data.h>

#include "recording.h"

namespace ratls::vectors {

/// When the vectors are judged: 2026-11-23T00:00:00Z.
inline constexpr std::int64_t kNow = 1'795'392'000;
/// The beginning of every endorsement: 2026-06-01T00:00:00Z.
inline constexpr std::int64_t kEndorsedFrom = 1'780'272'000;

/// The secrets of a TLS session, as far as binders need them.
struct Secrets {
  crypto::TlsHash hash = crypto::TlsHash::sha384;
  Bytes exporter_master;           ///< exporter_master_secret (RFC 8446, 7.1)
  Bytes client_handshake_traffic;  ///< client_handshake_traffic_secret
  Bytes context;                   ///< of REQUEST, 32 bytes

  /// Digests of `name`: the same name is the same session.
  static Secrets of(const std::string& name, crypto::TlsHash hash);
};

/// B_c, B_s or B_p of docs/protocol.md, section 5; nothing at level `key`.
std::optional<Binder> binder_of(const Secrets& secrets, Role role, Level level, ByteView spki);

/// One session whose evidence is accepted.
struct Case {
  std::string name;
  Role role = Role::client;
  Level level = Level::exporter;
  crypto::TlsHash hash = crypto::TlsHash::sha384;
  std::size_t sessions = 1;  ///< how many the report serves
  std::size_t place = 0;     ///< which of them this is
  bool vlek = false;         ///< and a stapled revocation list
  bool unknown_claim = false;
  bool azure = false;  ///< a guest on Azure: a quote of its vTPM instead of a report

  [[nodiscard]] bool has_leaf() const noexcept {
    return role == Role::client || role == Role::server;
  }
};
const std::vector<Case>& cases();
const Case& case_of(const std::string& name);

/// `value` instead of the real one where a bad vector wants it.
Bytes encode_claims(Role role, Level level, const std::optional<Binder>& binder,
                    const SpkiHash& spki, bool unknown_claim = false);

ByteView spki_of(const Case& about, const Recording& recorded);
Secrets secrets_of(const Case& about, std::size_t place);
/// The claims of every session that shares the report.
std::vector<Bytes> claims_of(const Case& about, const Recording& recorded);
merkle::Tree tree_over(const std::vector<Bytes>& claims);
ReportData report_data_of(const Case& about, const Recording& recorded);
/// The evidence of the case; its report and endorsement come from the recording.
EvidenceEnvelope envelope_of(const Case& about, const Recording& recorded);

}  // namespace ratls::vectors
