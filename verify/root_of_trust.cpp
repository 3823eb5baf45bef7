#include <ratls/verify/root_of_trust.h>

#include <array>

#include <ratls/core/crypto.h>
#include <ratls/core/reader.h>
#include <ratls/core/x509.h>
#include <ratls/verify/snp/detail/amd_roots.h>

namespace ratls {

namespace {

using snp::ProductLine;
using snp::SigningKeyKind;
using snp::detail::AmdKey;

constexpr std::array kLines{ProductLine::milan, ProductLine::genoa, ProductLine::turin};
constexpr std::array<std::uint8_t, 3> kExponent65537{0x01, 0x00, 0x01};

// The generated constants are well-formed; a test recomputes their fingerprints.
Bytes constant(std::string_view hex) {
  return from_hex(hex).value_or(Bytes{});
}

Bytes serial_bytes(std::uint32_t serial) {
  Writer out;
  out.u32be(serial);
  return std::move(out).take();
}

AmdKey key_that_signs(SigningKeyKind kind) {
  return kind == SigningKeyKind::vcek ? AmdKey::ask : AmdKey::asvk;
}

TrustedIssuer amd_issuer(ProductLine line, SigningKeyKind kind) {
  const auto& issuer = amd_root(line, key_that_signs(kind));
  const auto& ark = amd_root(line, AmdKey::ark);
  const Bytes exponent(kExponent65537.begin(), kExponent65537.end());
  TrustedIssuer out;
  out.line = line;
  out.signs = kind;
  out.modulus = constant(issuer.modulus_hex);
  out.exponent = exponent;
  out.name = constant(issuer.name_hex);
  out.serial = serial_bytes(issuer.serial);
  out.ark_modulus = constant(ark.modulus_hex);
  out.ark_exponent = exponent;
  out.ark_name = constant(ark.name_hex);
  out.ark_serial = serial_bytes(ark.serial);
  return out;
}

// A simulator numbers its CA certificates as AMD numbers its own of that line.
Result<TrustedIssuer> simulated_issuer(const SimulatorRoot& root, SigningKeyKind kind) {
  const Bytes& spki = kind == SigningKeyKind::vcek ? root.ask : root.asvk;
  RATLS_TRY(auto key, parse_rsa_spki(spki, Reason::invalid_policy));
  RATLS_TRY(auto ark, parse_rsa_spki(root.ark, Reason::invalid_policy));
  TrustedIssuer out;
  out.line = root.line;
  out.signs = kind;
  out.modulus = std::move(key.modulus);
  out.exponent = std::move(key.exponent);
  out.serial = serial_bytes(amd_root(root.line, key_that_signs(kind)).serial);
  out.ark_modulus = std::move(ark.modulus);
  out.ark_exponent = std::move(ark.exponent);
  out.ark_serial = serial_bytes(amd_root(root.line, AmdKey::ark).serial);
  out.simulated = true;
  return out;
}

// Every field, each under its own digest: no two sets of keys run together into one.
Sha256Digest digest_of(const std::vector<TrustedIssuer>& issuers) {
  Sha256Digest out;
  for (const TrustedIssuer& issuer : issuers) {
    const std::array<std::uint8_t, 3> kind{static_cast<std::uint8_t>(issuer.line),
                                           static_cast<std::uint8_t>(issuer.signs),
                                           static_cast<std::uint8_t>(issuer.simulated)};
    out = crypto::sha256({out.view(), kind});
    for (const Bytes* field :
         {&issuer.modulus, &issuer.exponent, &issuer.name, &issuer.serial, &issuer.ark_modulus,
          &issuer.ark_exponent, &issuer.ark_name, &issuer.ark_serial}) {
      out = crypto::sha256({out.view(), crypto::sha256({*field}).view()});
    }
  }
  return out;
}

}  // namespace

Sha256Digest id_of_ark(const TrustedIssuer& issuer) noexcept {
  return crypto::sha256({issuer.ark_modulus});
}

RootOfTrust RootOfTrust::amd() {
  RootOfTrust out;
  for (const ProductLine line : kLines) {
    out.issuers_.push_back(amd_issuer(line, SigningKeyKind::vcek));
    out.issuers_.push_back(amd_issuer(line, SigningKeyKind::vlek));
  }
  out.digest_ = digest_of(out.issuers_);
  return out;
}

Result<RootOfTrust> RootOfTrust::amd_and_simulators(const std::vector<SimulatorRoot>& simulators) {
  RootOfTrust out = amd();
  for (const SimulatorRoot& root : simulators) {
    for (const SigningKeyKind kind : {SigningKeyKind::vcek, SigningKeyKind::vlek}) {
      RATLS_TRY(auto issuer, simulated_issuer(root, kind));
      out.issuers_.push_back(std::move(issuer));
    }
    out.has_simulators_ = true;
  }
  out.digest_ = digest_of(out.issuers_);
  return out;
}

std::vector<const TrustedIssuer*> RootOfTrust::issuers(ProductLine line,
                                                       SigningKeyKind kind) const {
  std::vector<const TrustedIssuer*> out;
  for (const TrustedIssuer& issuer : issuers_) {
    if (issuer.line == line && issuer.signs == kind) out.push_back(&issuer);
  }
  return out;
}

}  // namespace ratls
