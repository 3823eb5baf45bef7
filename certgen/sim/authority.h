/// The simulated AMD: ARK, ASK and ASVK of every product, and what they sign.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ratls/certgen/sim/attestation_key.h>
#include <ratls/certgen/sim/endorsement.h>
#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::sim {

/// DER SubjectPublicKeyInfo of the three keys that a verifier pins.
struct Roots {
  Bytes ark;
  Bytes ask;
  Bytes asvk;
};

/// A key that signs reports, and its certificate.
struct Endorsement {
  Bytes certificate;  ///< DER
  AttestationKey key;
};

/// What a CRL says. `revoked` names CA certificates; AMD revokes nothing else.
struct CrlOptions {
  Timestamp this_update;
  Timestamp next_update;
  std::uint64_t number = 1;
  std::vector<Ca> revoked;
  std::vector<std::uint64_t> revoked_serials;  ///< others, by serial number
};

/// Keys are made when they are first needed, which takes seconds for each RSA-4096 key, and are
/// kept in the folder; the same folder is the same authority for ever. Chip keys are derived from
/// a seed that is kept there too.
///
/// Errors, of all functions: io_error, invalid_config (a damaged folder), internal.
/// Threads: one at a time. Processes: several may use one folder.
class Authority {
 public:
  /// `folder` has mode 0700 and is made where it does not exist; its parent must exist.
  static Result<Authority> open(const std::string& folder);
  /// Is there an authority in `folder` already?
  [[nodiscard]] static bool present(const std::string& folder);

  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;
  ~Authority();

  [[nodiscard]] Result<Bytes> certificate(Product product, Ca ca);  ///< DER
  [[nodiscard]] Result<Roots> roots(Product product);
  /// What a policy must say to accept this authority, as one JSON array:
  /// [{"product":"milan","ark":"<hex of SPKI DER>","ask":"..","asvk":".."}], one entry a key line.
  [[nodiscard]] Result<std::string> roots_json(std::span<const Product> products);

  [[nodiscard]] Result<Endorsement> vcek(const VcekOptions& options);
  [[nodiscard]] Result<Endorsement> vlek(const VlekOptions& options);
  /// Signs whatever `shape` says with the key of `issuer`. DER.
  [[nodiscard]] Result<Bytes> issue(Product product, Ca issuer, const EndorsementShape& shape);
  /// DER, signed by the ARK.
  [[nodiscard]] Result<Bytes> crl(Product product, const CrlOptions& options);

  /// The chip called `name`: the same name is the same chip. On Turin 8 bytes, then zeros.
  [[nodiscard]] ChipId chip_id(Product product, std::string_view name) const;
  /// The keys behind vcek() and vlek(), without the certificate.
  [[nodiscard]] Result<AttestationKey> vcek_key(Product product, const ChipId& chip_id,
                                                const Tcb& tcb) const;
  [[nodiscard]] Result<AttestationKey> vlek_key(Product product, std::string_view csp_id,
                                                const Tcb& tcb) const;

 private:
  struct State;
  struct CaKey;

  explicit Authority(std::unique_ptr<State> state);
  Result<const CaKey*> ca(KeyLine line, Ca ca);
  Result<void> load(KeyLine line, Ca ca, const CaKey* issuer);

  std::unique_ptr<State> state_;
};

}  // namespace ratls::sim
