#include <ratls/certgen/sim/azure_guest.h>

#include <algorithm>

#include <psa/crypto.h>

#include <ratls/certgen/sim/detail/psa_key.h>
#include <ratls/core/base64.h>
#include <ratls/core/crypto.h>
#include <ratls/core/reader.h>

namespace ratls::sim {

namespace {

constexpr std::size_t kBits = 2048;

std::string base64url(ByteView bytes) {
  std::string out = to_base64(bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  while (!out.empty() && out.back() == '=') out.pop_back();
  return out;
}

// RSAPublicKey of 2048 bits (RFC 8017, A.1.1): the modulus stands behind nine bytes of heads.
Result<Bytes> modulus_of(const detail::PsaKey& key) {
  RATLS_TRY(const Bytes der, key.public_key());
  Reader in(der, Reason::internal);
  RATLS_TRY([[maybe_unused]] const ByteView heads, in.bytes(9, "heads"));
  RATLS_TRY(const ByteView modulus, in.bytes(kBits / 8, "modulus"));
  return Bytes(modulus.begin(), modulus.end());
}

Result<detail::PsaKey> make_key() {
  RATLS_CHECK(detail::check_psa(psa_crypto_init(), "PSA"));
  psa_key_attributes_t wanted = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&wanted, PSA_KEY_TYPE_RSA_KEY_PAIR);
  psa_set_key_bits(&wanted, kBits);
  psa_set_key_algorithm(&wanted, PSA_ALG_RSA_PKCS1V15_SIGN(PSA_ALG_SHA_256));
  psa_set_key_usage_flags(&wanted, PSA_KEY_USAGE_SIGN_MESSAGE);
  psa_key_id_t id = 0;
  RATLS_CHECK(detail::check_psa(psa_generate_key(&wanted, &id), "making an RSA key"));
  return detail::PsaKey(id);
}

}  // namespace

std::string runtime_data_json(ByteView ak_modulus) {
  return R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
         base64url(ak_modulus) +
         R"("}],"vm-configuration":{"console-enabled":true,"secure-boot":true,)"
         R"("tpm-enabled":true,"vmUniqueId":"00000000-0000-4000-8000-000000000000"},)"
         R"("user-data":""})";
}

Bytes encode_hcl_report(ByteView report, ByteView runtime_data) {
  constexpr std::uint32_t kHead = 20;
  const auto size = static_cast<std::uint32_t>(runtime_data.size());
  const auto whole = static_cast<std::uint32_t>(32 + report.size() + kHead) + size;
  Writer out;
  out.bytes(as_bytes("HCLA")).u32le(2).u32le(whole).u32le(2).u32le(0).zeros(12).bytes(report);
  out.u32le(kHead + size).u32le(1).u32le(2).u32le(1).u32le(size).bytes(runtime_data);
  return std::move(out).take();
}

ReportData paravisor_report_data(ByteView runtime_data) noexcept {
  ReportData out;
  copy_bytes(crypto::sha256({runtime_data}).view(), out.mutable_view().first<32>());
  return out;
}

PcrValues fresh_pcrs() {
  PcrValues out;
  for (std::uint32_t i = 0; i < kTpmPcrs; ++i) {
    out[i] = crypto::sha256({as_bytes("PCR " + std::to_string(i))});
  }
  return out;
}

Bytes encode_pcrs(const PcrValues& pcrs) {
  Bytes out;
  for (const auto& [index, value] : pcrs) append(out, value.view());
  return out;
}

struct Vtpm::Key {
  detail::PsaKey key;
  Bytes modulus;
};

Vtpm::Vtpm(std::unique_ptr<Key> key) : key_(std::move(key)) {}

Vtpm::~Vtpm() = default;

Result<std::unique_ptr<Vtpm>> Vtpm::make() {
  RATLS_TRY(auto key, make_key());
  RATLS_TRY(Bytes modulus, modulus_of(key));
  return std::unique_ptr<Vtpm>(
      new Vtpm(std::make_unique<Key>(Key{std::move(key), std::move(modulus)})));
}

const Bytes& Vtpm::modulus() const noexcept {
  return key_->modulus;
}

Result<Bytes> Vtpm::sign(ByteView message) const {
  Bytes signature(kBits / 8);
  std::size_t size = 0;
  RATLS_CHECK(detail::check_psa(
      psa_sign_message(key_->key.id(), PSA_ALG_RSA_PKCS1V15_SIGN(PSA_ALG_SHA_256), message.data(),
                       message.size(), signature.data(), signature.size(), &size),
      "signing a quote"));
  return signature;
}

Bytes Vtpm::pcr_values() const {
  return encode_pcrs(pcrs);
}

// TPM 2.0 Library, part 2: TPMS_ATTEST of a quote.
Bytes Vtpm::attest(ByteView extra_data) const {
  Writer out;
  out.u32be(0xff544347).u16be(0x8018);
  const auto name = crypto::sha256({key_->modulus});
  out.u16be(34).u16be(0x000b).bytes(name.view());
  out.u16be(static_cast<std::uint16_t>(extra_data.size())).bytes(extra_data);
  out.u64be(1000).u32be(1).u32be(0).u8(1).u64be(0x2020031200120003);
  out.u32be(1).u16be(0x000b).u8(3).u24be(0xffffff);
  out.u16be(32).bytes(crypto::sha256({pcr_values()}).view());
  return std::move(out).take();
}

Result<std::unique_ptr<AzureGuest>> AzureGuest::make(ReportSource& machine) {
  RATLS_TRY(auto vtpm, Vtpm::make());
  return std::unique_ptr<AzureGuest>(new AzureGuest(std::move(vtpm), machine));
}

Result<AttestationReport> AzureGuest::get(const ReportData& data) {
  const std::string runtime = runtime_data_json(vtpm_->modulus());
  RATLS_TRY(AttestationReport out, machine_.get(paravisor_report_data(as_bytes(runtime))));
  AzureEvidence sent;
  sent.hcl_report = encode_hcl_report(out.report, as_bytes(runtime));
  sent.quote = vtpm_->attest(qualifying_data_for(data).view());
  RATLS_TRY(sent.signature, vtpm_->sign(sent.quote));
  sent.pcr_values = vtpm_->pcr_values();
  out.azure = std::move(sent);
  return out;
}

}  // namespace ratls::sim
