#include <ratls/certgen/sim/authority.h>

#include <unistd.h>

#include <algorithm>
#include <array>

#include <ratls/certgen/sim/detail/amd_der.h>
#include <ratls/certgen/sim/detail/rsa_key.h>
#include <ratls/certgen/sim/detail/store.h>
#include <ratls/core/crypto.h>
#include <ratls/core/x509.h>

namespace ratls::sim {

struct Authority::CaKey {
  detail::RsaKey key;
  Bytes certificate;
};

struct Authority::State {
  detail::Store store;
  SecretBytes seed;
  std::map<std::pair<KeyLine, Ca>, CaKey> cas;
};

namespace {

constexpr std::size_t kSeedSize = 48;
constexpr std::string_view kReadme =
    "SIMULATED: these keys imitate AMD's for tests and demonstrations.\n"
    "Whatever they sign proves nothing. Never name them in a production policy.\n";

Error damaged(const detail::Store& store, const std::string& file, std::string_view what) {
  return Error(Reason::invalid_config, store.path(file) + " is damaged (" + std::string(what) +
                                           "); remove the folder and run ratls sim init again");
}

Result<SecretBytes> load_seed(const detail::Store& store) {
  RATLS_TRY(const detail::StoreLock lock, store.lock());
  if (!store.has("README")) RATLS_CHECK(store.write("README", as_bytes(kReadme)));
  if (!store.has("seed")) {
    Secret<kSeedSize> fresh;
    fresh.fill([](std::span<std::uint8_t> memory) { crypto::random(memory); });
    RATLS_CHECK(fresh.expose([&](ByteView seed) { return store.write("seed", seed); }));
  }
  RATLS_TRY(auto seed, store.read("seed"));
  if (seed.size() != kSeedSize) return damaged(store, "seed", "wrong size");
  return seed;
}

Result<detail::RsaKey> load_key(const detail::Store& store, const std::string& file) {
  if (!store.has(file)) {
    RATLS_TRY(const auto fresh, detail::RsaKey::generate());
    RATLS_TRY(const auto der, fresh.export_der());
    RATLS_CHECK(der.expose([&](ByteView bytes) { return store.write(file, bytes); }));
  }
  RATLS_TRY(const auto der, store.read(file));
  auto key = detail::RsaKey::import(der);
  if (!key) return damaged(store, file, key.error().detail());
  return key;
}

Result<Bytes> sign(const detail::RsaKey& key, ByteView tbs, bool explicit_trailer) {
  RATLS_TRY(const Bytes signature, key.sign_pss_sha384(tbs));
  return detail::signed_object(tbs, explicit_trailer, signature);
}

// Kept, because PSS is randomised: the same authority always shows the same certificate.
Result<Bytes> load_certificate(const detail::Store& store, const std::string& file, ByteView tbs,
                               const detail::RsaKey& issuer) {
  if (!store.has(file)) {
    RATLS_TRY(const Bytes fresh, sign(issuer, tbs, true));
    RATLS_CHECK(store.write(file, fresh));
  }
  RATLS_TRY(const auto content, store.read(file));
  Bytes der = content.expose([](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); });
  const auto parsed = Certificate::parse(der, Reason::invalid_config);
  if (!parsed) return damaged(store, file, "not a certificate");
  if (!equal_ct(parsed->tbs(), tbs)) return damaged(store, file, "not of the key beside it");
  return der;
}

std::string json_entry(KeyLine line, const Roots& roots) {
  return "{\"product\":\"" + std::string(name(line)) + "\",\"ark\":\"" + to_hex(roots.ark) +
         "\",\"ask\":\"" + to_hex(roots.ask) + "\",\"asvk\":\"" + to_hex(roots.asvk) + "\"}";
}

}  // namespace

Authority::Authority(std::unique_ptr<State> state) : state_(std::move(state)) {}
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

Result<Authority> Authority::open(const std::string& folder) {
  RATLS_TRY(auto store, detail::Store::open(folder));
  RATLS_TRY(auto seed, load_seed(store));
  return Authority(std::make_unique<State>(State{std::move(store), std::move(seed), {}}));
}

bool Authority::present(const std::string& folder) {
  return ::access((folder + "/seed").c_str(), F_OK) == 0;
}

Result<void> Authority::load(KeyLine line, Ca ca, const CaKey* issuer) {
  const detail::Store& store = state_->store;
  const std::string stem = std::string(name(line)) + "-" + std::string(name(ca));
  RATLS_TRY(const detail::StoreLock lock, store.lock());
  RATLS_TRY(auto key, load_key(store, stem + ".key"));
  const detail::RsaKey& signer = issuer != nullptr ? issuer->key : key;
  const Bytes tbs = detail::ca_tbs(line, ca, key.spki(), signer.spki());
  RATLS_TRY(Bytes certificate, load_certificate(store, stem + ".der", tbs, signer));
  state_->cas.emplace(std::pair(line, ca), CaKey{std::move(key), std::move(certificate)});
  return {};
}

Result<const Authority::CaKey*> Authority::ca(KeyLine line, Ca ca) {
  const auto key = std::pair(line, ca);
  if (!state_->cas.contains(key)) {
    const CaKey* issuer = nullptr;
    if (ca != Ca::ark) {
      RATLS_TRY(issuer, this->ca(line, Ca::ark));
    }
    RATLS_CHECK(load(line, ca, issuer));
  }
  return &state_->cas.at(key);
}

Result<Bytes> Authority::certificate(Product product, Ca which) {
  RATLS_TRY(const CaKey* const found, ca(key_line(product), which));
  return found->certificate;
}

Result<Roots> Authority::roots(Product product) {
  const KeyLine line = key_line(product);
  RATLS_TRY(const CaKey* const ark, ca(line, Ca::ark));
  RATLS_TRY(const CaKey* const ask, ca(line, Ca::ask));
  RATLS_TRY(const CaKey* const asvk, ca(line, Ca::asvk));
  return Roots{ark->key.spki(), ask->key.spki(), asvk->key.spki()};
}

Result<std::string> Authority::roots_json(std::span<const Product> products) {
  std::map<KeyLine, Roots> lines;
  for (const Product product : products) {
    RATLS_TRY(auto found, roots(product));
    lines.insert_or_assign(key_line(product), std::move(found));
  }
  std::string json = "[";
  for (const auto& [line, found] : lines) {
    if (json.size() > 1) json += ",";
    json += json_entry(line, found);
  }
  return json + "]";
}

Result<Endorsement> Authority::vcek(const VcekOptions& options) {
  RATLS_TRY(auto key, vcek_key(options.product, options.chip_id, options.tcb));
  RATLS_TRY(Bytes der, issue(options.product, Ca::ask, vcek_shape(options, key.spki())));
  return Endorsement{std::move(der), std::move(key)};
}

Result<Endorsement> Authority::vlek(const VlekOptions& options) {
  RATLS_TRY(auto key, vlek_key(options.product, options.csp_id, options.tcb));
  RATLS_TRY(Bytes der, issue(options.product, Ca::asvk, vlek_shape(options, key.spki())));
  return Endorsement{std::move(der), std::move(key)};
}

Result<Bytes> Authority::issue(Product product, Ca issuer, const EndorsementShape& shape) {
  RATLS_TRY(const CaKey* const signer, ca(key_line(product), issuer));
  return sign(signer->key, detail::endorsement_tbs(shape), shape.explicit_trailer);
}

Result<Bytes> Authority::crl(Product product, const CrlOptions& options) {
  const KeyLine line = key_line(product);
  RATLS_TRY(const CaKey* const ark, ca(line, Ca::ark));
  std::vector<detail::RevokedSerial> revoked;
  for (const Ca each : options.revoked) {
    revoked.push_back({detail::ca_serial(line, each), options.this_update});
  }
  for (const std::uint64_t serial : options.revoked_serials) {
    revoked.push_back({serial, options.this_update});
  }
  return sign(ark->key,
              detail::crl_tbs(line, ark->key.spki(), options.this_update, options.next_update,
                              options.number, revoked),
              true);
}

ChipId Authority::chip_id(Product product, std::string_view name) const {
  const Sha512Digest digest = state_->seed.expose([&](ByteView seed) {
    return crypto::sha512({as_bytes("ratls simulator chip id"), seed, as_bytes(name)});
  });
  ChipId id(digest.array());
  if (product == Product::turin) {
    const auto tail = id.mutable_view().subspan(8);
    std::fill(tail.begin(), tail.end(), std::uint8_t{0});
  }
  return id;
}

Result<AttestationKey> Authority::vcek_key(Product product, const ChipId& chip_id,
                                           const Tcb& tcb) const {
  Bytes context{'V', 'C', 'E', 'K', static_cast<std::uint8_t>(product)};
  append(context, encode(product, tcb));
  append(context, chip_id.view());
  return AttestationKey::derive(state_->seed, context);
}

Result<AttestationKey> Authority::vlek_key(Product product, std::string_view csp_id,
                                           const Tcb& tcb) const {
  Bytes context{'V', 'L', 'E', 'K', static_cast<std::uint8_t>(product)};
  append(context, encode(product, tcb));
  append(context, as_bytes(csp_id));
  return AttestationKey::derive(state_->seed, context);
}

}  // namespace ratls::sim
