#include <ratls/certgen/identity.h>

#include <ratls/certgen/detail/private_file.h>
#include <ratls/certgen/leaf.h>
#include <ratls/core/base64.h>
#include <ratls/core/crypto.h>
#include <ratls/core/private_file.h>
#include <ratls/core/secret.h>
#include <ratls/core/x509.h>

namespace ratls {
namespace {

constexpr std::size_t kMaxIdentityFile = 32768;
constexpr std::string_view kCertificateBegin = "-----BEGIN CERTIFICATE-----";

std::string certificate_pem(ByteView der) {
  const std::string body = to_base64(der);
  std::string pem(kCertificateBegin);
  pem += '\n';
  for (std::size_t at = 0; at < body.size(); at += 64) {
    pem += body.substr(at, 64);
    pem += '\n';
  }
  return pem + "-----END CERTIFICATE-----\n";
}

// The key comes first in the file, the certificate after it; the file's size where there is none.
std::size_t certificate_offset(ByteView file) {
  const std::string_view begin = kCertificateBegin;
  const auto found = std::search(file.begin(), file.end(), begin.begin(), begin.end());
  return static_cast<std::size_t>(std::distance(file.begin(), found));
}

Error about(const std::string& path, const Error& error) {
  return Error(Reason::invalid_config, path + ": " + error.detail());
}

struct Parts {
  SecretBytes key;
  Bytes certificate;
};

Result<Parts> split(const SecretBytes& file) {
  return file.expose([](ByteView bytes) -> Result<Parts> {
    const std::size_t offset = certificate_offset(bytes);
    if (offset == bytes.size()) return Error(Reason::invalid_config, "it holds no certificate");
    RATLS_TRY(const auto certificate,
              Certificate::parse_der_or_pem(bytes.subspan(offset), Reason::invalid_config));
    RATLS_TRY(auto key, SecretBytes::copy_of(bytes.first(offset)));
    return Parts{std::move(key), Bytes(certificate.der().begin(), certificate.der().end())};
  });
}

Result<Parts> join(const SecretBytes& key_file, ByteView certificate_file) {
  RATLS_TRY(const auto certificate,
            Certificate::parse_der_or_pem(certificate_file, Reason::invalid_config));
  RATLS_TRY(auto key, key_file.expose([](ByteView bytes) {
    return SecretBytes::copy_of(bytes.first(certificate_offset(bytes)));
  }));
  return Parts{std::move(key), Bytes(certificate.der().begin(), certificate.der().end())};
}

Result<SigningKey> key_for(const Parts& parts) {
  RATLS_TRY(auto key, SigningKey::import_pem(parts.key));
  RATLS_TRY(const auto certificate, Certificate::parse(parts.certificate, Reason::invalid_config));
  if (!equal_ct(key.spki(), certificate.spki())) {
    return Error(Reason::invalid_config, "the certificate belongs to another key");
  }
  return key;
}

Result<void> write_identity(const std::string& path, const SecretBytes& key, ByteView certificate) {
  RATLS_TRY(const SecretBytes file, key.expose([&](ByteView pem) {
    Bytes whole(pem.begin(), pem.end());
    append(whole, as_bytes(certificate_pem(certificate)));
    return SecretBytes::take(std::move(whole));
  }));
  return file.expose([&](ByteView bytes) { return write_new_private_file(path, bytes); });
}

}  // namespace

Result<CertificateIdentity> CertificateIdentity::create(const std::string& path) {
  RATLS_TRY(const SecretBytes pem, SigningKey::generate_pem());
  RATLS_TRY(auto key, SigningKey::import_pem(pem));
  RATLS_TRY(Bytes certificate, make_leaf(key, std::nullopt));
  RATLS_CHECK(write_identity(path, pem, certificate));
  return CertificateIdentity(std::move(key), std::move(certificate));
}

Result<CertificateIdentity> CertificateIdentity::load(const std::string& path) {
  RATLS_TRY(const SecretBytes file, detail::read_private_file(path, kMaxIdentityFile));
  auto parts = split(file);
  if (!parts) return about(path, parts.error());
  auto key = key_for(*parts);
  if (!key) return about(path, key.error());
  return CertificateIdentity(std::move(key).value(), std::move(parts->certificate));
}

Result<CertificateIdentity> CertificateIdentity::load_pair(const std::string& key_path,
                                                           const std::string& certificate_path) {
  RATLS_TRY(const SecretBytes file, detail::read_private_file(key_path, kMaxIdentityFile));
  RATLS_TRY(const Bytes public_part, detail::read_public_file(certificate_path, kMaxIdentityFile));
  auto parts = join(file, public_part);
  if (!parts) return about(certificate_path, parts.error());
  auto key = key_for(*parts);
  if (!key) return about(key_path + " and " + certificate_path, key.error());
  return CertificateIdentity(std::move(key).value(), std::move(parts->certificate));
}

Sha256Digest CertificateIdentity::spki_sha256() const noexcept {
  return crypto::sha256({key_.spki()});
}

std::string CertificateIdentity::pin() const {
  return "sha256//" + to_base64(spki_sha256().view());
}

}  // namespace ratls
