#include <ratls/verify/minisign.h>

#include <algorithm>

#include <ratls/core/base64.h>
#include <ratls/core/crypto.h>

namespace ratls {

namespace {

constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";
constexpr std::size_t kAlgorithm = 2;
constexpr std::size_t kKeyIdAt = kAlgorithm;
constexpr std::size_t kKeyAt = kKeyIdAt + MinisignKeyId::kSize;
constexpr std::size_t kPublicSize = kKeyAt + 32;
constexpr std::size_t kSignatureSize = kKeyAt + 64;
// Secret key file: three algorithms, salt 32, two limits of 8, then key id, key and checksum.
constexpr std::size_t kSecretHead = 3 * kAlgorithm + 32 + 8 + 8;
constexpr std::size_t kSecretBody = 8 + 64 + 32;

using Lines = std::vector<std::string>;

// Lines without their ends; CRLF is accepted, as minisign does.
Lines lines_of(ByteView file) {
  Lines out;
  const std::string text = to_string(file);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    out.push_back(std::move(line));
    at = end + 1;
  }
  return out;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// minisign's own comments have tabs between their parts.
std::string without_tabs(std::string text) {
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

std::string algorithm(ByteView bytes) {
  return to_string(bytes.first(kAlgorithm));
}

Bytes join(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

/// A signature file, taken apart.
struct SignatureFile {
  std::string algorithm;
  MinisignKeyId id;
  ed25519::Signature signature;
  std::string comment;
  ed25519::Signature global;
};

Error bad(const std::string& what) {
  return Error(Reason::policy_signature_invalid, what);
}

Result<SignatureFile> parse_signature(ByteView file) {
  const Lines lines = lines_of(file);
  if (lines.size() != 4 || !lines[0].starts_with(kUntrusted) || !lines[2].starts_with(kTrusted)) {
    return bad("not a minisign signature file");
  }
  const auto signature = from_base64(lines[1]);
  const auto global = from_base64(lines[3]);
  if (!signature || signature->size() != kSignatureSize || !global ||
      global->size() != ed25519::Signature::kSize) {
    return bad("not a minisign signature file");
  }
  const ByteView view(*signature);
  SignatureFile out;
  out.algorithm = algorithm(view);
  out.id = *MinisignKeyId::from(view.subspan(kKeyIdAt, MinisignKeyId::kSize));
  out.signature = *ed25519::Signature::from(view.subspan(kKeyAt));
  out.comment = lines[2].substr(kTrusted.size());
  out.global = *ed25519::Signature::from(*global);
  if (out.algorithm != "Ed" && out.algorithm != "ED") return bad("an unknown signature algorithm");
  if (!is_plain(without_tabs(out.comment))) return bad("the trusted comment is not plain ASCII");
  return out;
}

std::string signature_text(const MinisignPublicKey& key, const ed25519::Signature& signature,
                           const std::string& comment, const ed25519::Signature& global) {
  return std::string(kUntrusted) + "signature of ratls, key " + text(key.id) + "\n" +
         to_base64(join({as_bytes("ED"), key.id.view(), signature.view()})) + "\n" +
         std::string(kTrusted) + comment + "\n" + to_base64(global.view()) + "\n";
}

Result<Bytes> secret_blob(ByteView file) {
  const auto wrong = [](const char* what) { return Error(Reason::invalid_config, what); };
  const Lines lines = lines_of(file);
  auto blob = lines.size() == 2 ? from_base64(lines[1]) : std::nullopt;
  if (!blob || blob->size() != kSecretHead + kSecretBody || algorithm(*blob) != "Ed") {
    return wrong("not a minisign secret key");
  }
  const ByteView kdf = ByteView(*blob).subspan(kAlgorithm, kAlgorithm);
  if (!is_zero(kdf)) {
    return wrong(
        "the secret key has a password; sign with minisign itself, which makes the same "
        "signatures, or make a key without one");
  }
  return *std::move(blob);
}

// What minisign guards the secret key's bytes with, against damage.
ed25519::Blake2b256 checksum(ByteView id, ByteView secret) {
  Bytes guarded = join({as_bytes("Ed"), id, secret});
  const auto out = ed25519::blake2b_256(guarded);
  wipe(guarded);
  return out;
}

}  // namespace

std::string text(const MinisignKeyId& id) {
  // minisign prints the id as a little-endian number.
  Bytes reversed(id.view().begin(), id.view().end());
  std::reverse(reversed.begin(), reversed.end());
  std::string out = to_hex(reversed);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

Result<MinisignPublicKey> MinisignPublicKey::parse(ByteView file) {
  const Lines lines = lines_of(file);
  const bool whole = lines.size() == 2 && lines[0].starts_with(kUntrusted);
  const auto bytes =
      whole || lines.size() == 1 ? from_base64(lines.back()) : std::optional<Bytes>();
  if (!bytes || bytes->size() != kPublicSize || algorithm(*bytes) != "Ed") {
    return Error(Reason::invalid_config, "not a minisign public key");
  }
  const ByteView view(*bytes);
  return MinisignPublicKey{*MinisignKeyId::from(view.subspan(kKeyIdAt, MinisignKeyId::kSize)),
                           *ed25519::PublicKey::from(view.subspan(kKeyAt))};
}

std::string MinisignPublicKey::file() const {
  return std::string(kUntrusted) + "minisign public key " + text(id) + "\n" +
         to_base64(join({as_bytes("Ed"), id.view(), key.view()})) + "\n";
}

Result<std::string> minisign_verify(const MinisignPublicKey& key, ByteView message,
                                    ByteView signature_file) {
  RATLS_TRY(const SignatureFile file, parse_signature(signature_file));
  if (file.id != key.id) {
    return bad("signed by key " + text(file.id) + ", and " + text(key.id) + " is wanted");
  }
  constexpr Reason kReason = Reason::policy_signature_invalid;
  if (file.algorithm == "ED") {
    const auto digest = ed25519::blake2b_512(message);
    RATLS_CHECK(ed25519::verify(key.key, digest.view(), file.signature, kReason));
  } else {
    RATLS_CHECK(ed25519::verify(key.key, message, file.signature, kReason));
  }
  const Bytes signed_comment = join({file.signature.view(), as_bytes(file.comment)});
  if (!ed25519::verify(key.key, signed_comment, file.global, kReason)) {
    return bad("the trusted comment is not the signer's");
  }
  return without_tabs(file.comment);
}

Result<MinisignSecretKey> MinisignSecretKey::generate() {
  RATLS_TRY(auto pair, ed25519::generate());
  MinisignPublicKey key;
  key.key = pair.public_key;
  crypto::random(key.id.mutable_view());
  return MinisignSecretKey(key, std::move(pair.secret_key));
}

Result<MinisignSecretKey> MinisignSecretKey::parse(ByteView file) {
  RATLS_TRY(Bytes blob, secret_blob(file));
  const ByteView body = ByteView(blob).subspan(kSecretHead);
  const ByteView id = body.first(MinisignKeyId::kSize);
  const ByteView secret = body.subspan(MinisignKeyId::kSize, 64);
  const ByteView check = body.subspan(MinisignKeyId::kSize + 64);
  // minisign writes zeros for the checksum of a key without a password.
  bool sound = is_zero(check) || equal_ct(checksum(id, secret).view(), check);
  MinisignPublicKey key{*MinisignKeyId::from(id), *ed25519::PublicKey::from(secret.subspan(32))};
  ed25519::SecretKey copy;
  copy.fill([&](auto out) { std::copy(secret.begin(), secret.end(), out.begin()); });
  wipe(blob);
  const auto probe = ed25519::sign(copy, key.id.view());
  sound = sound && ed25519::verify(key.key, key.id.view(), probe, Reason::invalid_config);
  if (!sound) return Error(Reason::invalid_config, "the secret key is damaged");
  return MinisignSecretKey(std::move(key), std::move(copy));
}

Result<SecretBytes> MinisignSecretKey::file() const {
  return secret_.expose([&](ByteView secret) {
    const Bytes head = join({as_bytes("Ed"), Bytes(kAlgorithm, 0), as_bytes("B2"),
                             Bytes(kSecretHead - 3 * kAlgorithm, 0)});
    Bytes blob =
        join({head, public_.id.view(), secret, checksum(public_.id.view(), secret).view()});
    std::string out = std::string(kUntrusted) + "minisign secret key " + text(public_.id) + "\n" +
                      to_base64(blob) + "\n";
    wipe(blob);
    Bytes bytes(out.begin(), out.end());
    std::fill(out.begin(), out.end(), '\0');
    return SecretBytes::take(std::move(bytes));
  });
}

Result<std::string> MinisignSecretKey::sign(ByteView message,
                                            const std::string& trusted_comment) const {
  if (!is_plain(trusted_comment) || trusted_comment.size() > 1024) {
    return Error(Reason::invalid_config,
                 "a trusted comment is plain ASCII on one line, of at most 1024 characters");
  }
  const auto signature = ed25519::sign(secret_, ed25519::blake2b_512(message).view());
  const auto global = ed25519::sign(secret_, join({signature.view(), as_bytes(trusted_comment)}));
  return signature_text(public_, signature, trusted_comment, global);
}

}  // namespace ratls
