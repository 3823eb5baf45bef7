#include <ratls/services/broker/receipt_key.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include <ratls/core/base64.h>
#include <ratls/core/secret.h>
#include <ratls/services/broker/detail/hex_secret.h>
#include <ratls/verify/files.h>

namespace ratls::broker {

namespace {

constexpr std::size_t kMaxFile = 4096;
constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----\n";
constexpr std::string_view kEnd = "\n-----END PUBLIC KEY-----\n";
// RFC 8410, section 4: SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING } around 32 bytes.
constexpr std::array<std::uint8_t, 12> kSpki{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                             0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

Result<void> make(const std::string& path) {
  RATLS_TRY(const auto pair, ed25519::generate());
  return pair.secret_key.expose(
      [&](ByteView secret) { return detail::create_hex_secret(path, secret); });
}

Error wrong(const std::string& path) {
  return Error(Reason::invalid_config,
               path + ": a key of receipts is 128 hex digits, as ratls broker serve makes it");
}

// The file's second half is the public key. One that is not the first half's signs what it cannot
// verify.
Result<ed25519::PublicKey> public_half(const ed25519::SecretKey& secret, const std::string& path) {
  const auto key = secret.expose([](ByteView bytes) {
    return ed25519::PublicKey::parse_hex(to_hex(bytes.subspan(bytes.size() / 2)));
  });
  if (!key) return wrong(path);
  constexpr std::string_view kTrial = "ratls receipt key";
  const auto signature = ed25519::sign(secret, as_bytes(kTrial));
  if (!ed25519::verify(*key, as_bytes(kTrial), signature, Reason::invalid_config)) {
    return wrong(path);
  }
  return *key;
}

Result<void> write_public_half(const std::string& path, const ed25519::PublicKey& key) {
  const std::string pem = to_pem(key);
  RATLS_TRY(const auto there, read_file_if_there(path, kMaxFile, Reason::invalid_config));
  if (there && to_string(*there) == pem) return {};
  RATLS_CHECK(replace_file(path, as_bytes(pem)));
  // It is public, and whoever checks receipts is another user.
  static_cast<void>(::chmod(path.c_str(), 0644));
  return {};
}

}  // namespace

Result<ReceiptKey> ReceiptKey::open(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) RATLS_CHECK(make(path));
  ed25519::SecretKey secret;
  RATLS_CHECK(secret.fill([&](auto bytes) { return detail::read_hex_secret(path, bytes); }));
  RATLS_TRY(const auto key, public_half(secret, path));
  RATLS_CHECK(write_public_half(path + ".pub", key));
  return ReceiptKey(key, std::move(secret));
}

std::string to_pem(const ed25519::PublicKey& key) {
  Bytes der(kSpki.begin(), kSpki.end());
  append(der, key.view());
  return std::string(kBegin) + to_base64(der) + std::string(kEnd);
}

Result<ed25519::PublicKey> parse_public_key_pem(ByteView file) {
  const Error wrong(Reason::invalid_config,
                    "not an Ed25519 public key in PEM, as ratls broker serve writes it beside the "
                    "key of receipts");
  const std::string text = to_string(file);
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd)) return wrong;
  if (text.size() < kBegin.size() + kEnd.size()) return wrong;
  const auto der = from_base64(
      std::string_view(text).substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size()));
  if (!der || der->size() != kSpki.size() + ed25519::PublicKey::kSize) return wrong;
  const ByteView bytes(*der);
  if (!std::equal(kSpki.begin(), kSpki.end(), bytes.begin())) return wrong;
  const auto key = ed25519::PublicKey::parse_hex(to_hex(bytes.subspan(kSpki.size())));
  if (!key) return wrong;
  return *key;
}

}  // namespace ratls::broker
