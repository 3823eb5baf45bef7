#include <ratls/core/claims.h>

#include <ratls/core/cbor.h>
#include <ratls/core/crypto.h>

namespace ratls {

namespace {

constexpr std::uint64_t kProtocolVersion = 1;
// IANA Named Information Hash Algorithm Registry: 7 is sha-384.
constexpr std::uint64_t kSha384Id = 7;
constexpr std::string_view kIdentity = "identity";
constexpr std::string_view kIdentityDomain{"RATLS-id-v1\0", 12};

Error malformed(std::string_view what) {
  return Error(Reason::malformed_evidence, "claims: " + std::string(what));
}

bool has_binder(Level level) {
  return level != Level::key;
}

Bytes encode_pubkey_hash(const SpkiHash& hash) {
  cbor::Writer out;
  out.array(2).uint(kSha384Id).bytes(hash.view());
  return std::move(out).take();
}

Result<SpkiHash> decode_pubkey_hash(ByteView inner) {
  cbor::Reader in(inner, Reason::malformed_evidence);
  RATLS_CHECK(in.array_of(2));
  RATLS_TRY(const std::uint64_t algorithm, in.uint());
  RATLS_TRY(const ByteView bytes, in.bytes());
  RATLS_CHECK(in.finish());
  if (algorithm != kSha384Id) return malformed("pubkey-hash is not a SHA-384");
  const auto hash = SpkiHash::from(bytes);
  if (!hash) return malformed("pubkey-hash is not 48 bytes");
  return *hash;
}

Result<void> decode_ratls(cbor::Reader& in, Claims& out) {
  RATLS_CHECK(in.array_of(3));
  RATLS_TRY(const std::uint64_t version, in.uint());
  RATLS_TRY(const std::uint64_t role, in.uint());
  RATLS_TRY(const std::uint64_t level, in.uint());
  if (version != kProtocolVersion) return malformed("another protocol version than 1");
  if (role > 3 || level > 3) return malformed("a role or level that does not exist");
  out.role = static_cast<Role>(role);
  out.level = static_cast<Level>(level);
  if (!valid_pair(out.role, out.level))
    return malformed("a role and level that do not go together");
  return {};
}

Result<void> decode_known(std::string_view key, cbor::Reader& in, Claims& out) {
  if (key == "nonce") {
    RATLS_TRY(const ByteView bytes, in.bytes());
    out.binder = Binder::from(bytes);
    return out.binder ? Result<void>{} : malformed("nonce is not 48 bytes");
  }
  if (key == "ratls") return decode_ratls(in, out);
  if (key == kIdentity) {
    RATLS_CHECK(in.array_of(2));
    RATLS_TRY(const ByteView certificate, in.bytes());
    RATLS_TRY(const ByteView signature, in.bytes());
    out.identity = IdentityClaim{certificate, signature};
    return {};
  }
  if (key == "pubkey-hash") {
    RATLS_TRY(const ByteView inner, in.bytes());
    RATLS_TRY(out.pubkey_hash, decode_pubkey_hash(inner));
    return {};
  }
  return in.skip();
}

}  // namespace

std::string_view name(Role role) noexcept {
  switch (role) {
    case Role::client:
      return "client";
    case Role::server:
      return "server";
    case Role::post_handshake_client:
      return "post-handshake client";
    case Role::post_handshake_server:
      break;
  }
  return "post-handshake server";
}

std::string_view name(Level level) noexcept {
  switch (level) {
    case Level::key:
      return "key";
    case Level::resumed:
      return "resumed";
    case Level::handshake:
      return "handshake";
    case Level::exporter:
      break;
  }
  return "exporter";
}

bool valid_pair(Role role, Level level) noexcept {
  switch (role) {
    case Role::client:
      return level == Level::key || level == Level::exporter;
    case Role::server:
      return level == Level::key || level == Level::handshake;
    case Role::post_handshake_client:
    case Role::post_handshake_server:
      return level == Level::exporter;
    default:
      return false;
  }
}

Result<Bytes> Claims::encode() const {
  if (!valid_pair(role, level)) return malformed("a role and level that do not go together");
  if (binder.has_value() != has_binder(level)) return malformed("a binder where none belongs");
  if (identity && level == Level::key) return malformed("an identity without a binder");
  cbor::Writer out;
  out.map(2U + (binder ? 1U : 0U) + (identity ? 1U : 0U));
  if (binder) out.text("nonce").bytes(binder->view());
  out.text("ratls").array(3).uint(kProtocolVersion);
  out.uint(static_cast<std::uint64_t>(role)).uint(static_cast<std::uint64_t>(level));
  if (identity) {
    out.text(kIdentity).array(2).bytes(identity->certificate).bytes(identity->signature);
  }
  out.text("pubkey-hash").bytes(encode_pubkey_hash(pubkey_hash));
  return std::move(out).take();
}

Result<Claims> Claims::decode(ByteView cbor_bytes) {
  cbor::Reader in(cbor_bytes, Reason::malformed_evidence);
  RATLS_TRY(auto map, cbor::MapReader::open(in));
  Claims out;
  bool has_ratls = false;
  bool has_hash = false;
  while (!map.done()) {
    RATLS_TRY(const std::string_view key, map.text_key());
    has_ratls = has_ratls || key == "ratls";
    has_hash = has_hash || key == "pubkey-hash";
    RATLS_CHECK(decode_known(key, in, out));
  }
  RATLS_CHECK(in.finish());
  if (!has_ratls || !has_hash) return malformed("\"ratls\" or \"pubkey-hash\" is missing");
  if (out.binder.has_value() != has_binder(out.level)) {
    return malformed("the nonce must be there exactly at levels 2 and 3");
  }
  if (out.identity && out.level == Level::key) return malformed("an identity without a binder");
  return out;
}

Result<Bytes> identity_message(ByteView cbor_bytes) {
  cbor::Reader in(cbor_bytes, Reason::malformed_evidence);
  RATLS_TRY(const std::uint64_t pairs, in.map());
  Bytes kept;
  std::uint64_t kept_pairs = 0;
  for (std::uint64_t pair = 0; pair < pairs; ++pair) {
    const ByteView entry = in.rest();
    RATLS_TRY(const std::string_view key, in.text());
    RATLS_CHECK(in.skip());
    if (key == kIdentity) continue;
    append(kept, entry.first(entry.size() - in.rest().size()));
    ++kept_pairs;
  }
  RATLS_CHECK(in.finish());
  cbor::Writer head;
  const Bytes map = std::move(head.map(kept_pairs)).take();
  const auto hash = crypto::sha384({map, kept});
  Bytes out(as_bytes(kIdentityDomain).begin(), as_bytes(kIdentityDomain).end());
  append(out, hash.view());
  return out;
}

}  // namespace ratls
