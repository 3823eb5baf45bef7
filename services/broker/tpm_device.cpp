// TPM 2.0 through tpm2-tss. TCG TPM 2.0 Library, part 3: commands; part 2: structures.

#include <algorithm>
#include <array>
#include <memory>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include <ratls/services/broker/detail/tpm_device.h>

namespace ratls::broker::detail {

namespace {

constexpr ESYS_TR kNone = ESYS_TR_NONE;
constexpr TPM2_RC kFormatOne = 0x080;  // part 2, 6.6: the number is in the low six bits

struct Free {
  void operator()(void* memory) const noexcept { Esys_Free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string hex_of(TSS2_RC code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) out += kDigits[(code >> shift) & 15U];
  return out;
}

Error failed(const std::string& what, TSS2_RC code) {
  return Error(Reason::tpm_unavailable, what + " failed, code " + hex_of(code));
}

bool is_error(TSS2_RC code, TPM2_RC which) {
  const TPM2_RC number = code & 0x0ffU;
  return (code & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER &&
         ((number & kFormatOne) != 0 ? (code & 0x0bfU) == (which & 0x0bfU) : code == which);
}

/// An open TPM, and what must be flushed from it.
class Tpm {
 public:
  static Result<std::unique_ptr<Tpm>> open(const std::string& where) {
    auto out = std::make_unique<Tpm>();
    TSS2_RC code = Tss2_TctiLdr_Initialize(where.c_str(), &out->tcti_);
    if (code != TSS2_RC_SUCCESS) return failed("opening " + where, code);
    code = Esys_Initialize(&out->esys_, out->tcti_, nullptr);
    if (code != TSS2_RC_SUCCESS) return failed("opening " + where, code);
    return out;
  }
  Tpm() = default;
  Tpm(const Tpm&) = delete;
  Tpm& operator=(const Tpm&) = delete;
  ~Tpm() {
    for (const ESYS_TR handle : flushed_) static_cast<void>(Esys_FlushContext(esys_, handle));
    if (esys_ != nullptr) Esys_Finalize(&esys_);
    if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
  }

  [[nodiscard]] ESYS_CONTEXT* get() const noexcept { return esys_; }
  ESYS_TR owned(ESYS_TR handle) {
    flushed_.push_back(handle);
    return handle;
  }

 private:
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  std::vector<ESYS_TR> flushed_;
};

constexpr TPMT_SYM_DEF kAes{TPM2_ALG_AES, {128}, {TPM2_ALG_CFB}};

TPM2B_PUBLIC primary_template() {
  TPM2B_PUBLIC out{};
  out.publicArea.type = TPM2_ALG_ECC;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT |
                                    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                    TPMA_OBJECT_NODA;
  auto& ecc = out.publicArea.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_AES;
  ecc.symmetric.keyBits.aes = 128;
  ecc.symmetric.mode.aes = TPM2_ALG_CFB;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

// The same template gives the same key, until the owner hierarchy is cleared.
Result<ESYS_TR> make_primary(Tpm& tpm) {
  const TPM2B_PUBLIC shape = primary_template();
  const TPM2B_SENSITIVE_CREATE none{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  ESYS_TR out = kNone;
  const TSS2_RC code =
      Esys_CreatePrimary(tpm.get(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, kNone, kNone, &none, &shape,
                         &outside, &pcrs, &out, nullptr, nullptr, nullptr, nullptr);
  if (code != TSS2_RC_SUCCESS) return failed("making the primary key", code);
  return tpm.owned(out);
}

// Salted with the primary key, so that what passes is encrypted for whoever listens on the bus.
Result<ESYS_TR> start_session(Tpm& tpm, ESYS_TR primary, TPM2_SE kind) {
  ESYS_TR out = kNone;
  TSS2_RC code = Esys_StartAuthSession(tpm.get(), primary, kNone, kNone, kNone, kNone, nullptr,
                                       kind, &kAes, TPM2_ALG_SHA256, &out);
  if (code != TSS2_RC_SUCCESS) return failed("starting a session", code);
  tpm.owned(out);
  if (kind == TPM2_SE_TRIAL) return out;
  constexpr TPMA_SESSION kUse =
      TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
  code = Esys_TRSess_SetAttributes(tpm.get(), out, kUse, kUse);
  if (code != TSS2_RC_SUCCESS) return failed("encrypting a session", code);
  return out;
}

TPML_PCR_SELECTION selection_of(const std::vector<std::uint8_t>& pcrs) {
  TPML_PCR_SELECTION out{};
  out.count = 1;
  out.pcrSelections[0].hash = TPM2_ALG_SHA256;
  out.pcrSelections[0].sizeofSelect = 3;
  for (const std::uint8_t pcr : pcrs) {
    out.pcrSelections[0].pcrSelect[pcr / 8U] |= static_cast<BYTE>(1U << (pcr % 8U));
  }
  return out;
}

Result<void> demand_pcrs(Tpm& tpm, ESYS_TR session, const std::vector<std::uint8_t>& pcrs) {
  const TPML_PCR_SELECTION selection = selection_of(pcrs);
  const TPM2B_DIGEST as_they_are{};
  const TSS2_RC code =
      Esys_PolicyPCR(tpm.get(), session, kNone, kNone, kNone, &as_they_are, &selection);
  if (code != TSS2_RC_SUCCESS) return failed("reading the PCRs", code);
  return {};
}

Result<TPM2B_DIGEST> policy_of(Tpm& tpm, ESYS_TR primary, const std::vector<std::uint8_t>& pcrs) {
  if (pcrs.empty()) return TPM2B_DIGEST{};
  RATLS_TRY(const ESYS_TR trial, start_session(tpm, primary, TPM2_SE_TRIAL));
  RATLS_CHECK(demand_pcrs(tpm, trial, pcrs));
  TPM2B_DIGEST* digest = nullptr;
  const TSS2_RC code = Esys_PolicyGetDigest(tpm.get(), trial, kNone, kNone, kNone, &digest);
  if (code != TSS2_RC_SUCCESS) return failed("making the policy of PCRs", code);
  const Owned<TPM2B_DIGEST> owned(digest);
  return *owned;
}

TPM2B_PUBLIC sealed_template(const TPM2B_DIGEST& policy) {
  TPM2B_PUBLIC out{};
  out.publicArea.type = TPM2_ALG_KEYEDHASH;
  out.publicArea.nameAlg = TPM2_ALG_SHA256;
  out.publicArea.objectAttributes =
      TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
  // Without PCRs the empty authorisation opens it; with them nothing but the policy does.
  if (policy.size == 0) out.publicArea.objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
  out.publicArea.authPolicy = policy;
  out.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  return out;
}

template <class T, class Marshal>
Result<Bytes> marshalled(const T& value, Marshal marshal) {
  Bytes out(sizeof(T) + 2);
  size_t size = 0;
  const TSS2_RC code = marshal(&value, out.data(), out.size(), &size);
  if (code != TSS2_RC_SUCCESS) return failed("writing the sealed key", code);
  out.resize(size);
  return out;
}

template <class T, class Unmarshal>
Result<T> unmarshalled(ByteView bytes, Unmarshal unmarshal) {
  T out{};
  size_t at = 0;
  const TSS2_RC code = unmarshal(bytes.data(), bytes.size(), &at, &out);
  if (code == TSS2_RC_SUCCESS && at == bytes.size()) return out;
  return Error(Reason::invalid_config, "the sealed key is not what a TPM wrote");
}

Result<ESYS_TR> load(Tpm& tpm, ESYS_TR primary, const TpmObject& object) {
  RATLS_TRY(const auto shape,
            unmarshalled<TPM2B_PUBLIC>(object.public_part, Tss2_MU_TPM2B_PUBLIC_Unmarshal));
  RATLS_TRY(const auto inner,
            unmarshalled<TPM2B_PRIVATE>(object.private_part, Tss2_MU_TPM2B_PRIVATE_Unmarshal));
  ESYS_TR out = kNone;
  const TSS2_RC code =
      Esys_Load(tpm.get(), primary, ESYS_TR_PASSWORD, kNone, kNone, &inner, &shape, &out);
  if (code == TSS2_RC_SUCCESS) return tpm.owned(out);
  if (is_error(code, TPM2_RC_INTEGRITY)) {
    return Error(Reason::tpm_state_changed,
                 "it was sealed by another TPM, by this one before it was cleared, or changed");
  }
  return failed("loading the sealed key", code);
}

}  // namespace

Result<TpmObject> tpm_seal(const seal::Key& key, const TpmSealing& sealing) {
  RATLS_TRY(const auto tpm, Tpm::open(sealing.tcti));
  RATLS_TRY(const ESYS_TR primary, make_primary(*tpm));
  RATLS_TRY(const TPM2B_DIGEST policy, policy_of(*tpm, primary, sealing.pcrs));
  RATLS_TRY(const ESYS_TR session, start_session(*tpm, primary, TPM2_SE_HMAC));
  const TPM2B_PUBLIC shape = sealed_template(policy);
  TPM2B_SENSITIVE_CREATE sensitive{};
  key.expose([&](ByteView bytes) {
    sensitive.sensitive.data.size = static_cast<UINT16>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), &sensitive.sensitive.data.buffer[0]);
  });
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  TPM2B_PRIVATE* inner = nullptr;
  TPM2B_PUBLIC* outer = nullptr;
  const TSS2_RC code = Esys_Create(tpm->get(), primary, session, kNone, kNone, &sensitive, &shape,
                                   &outside, &pcrs, &inner, &outer, nullptr, nullptr, nullptr);
  wipe(sensitive.sensitive.data.buffer);
  if (code != TSS2_RC_SUCCESS) return failed("sealing the key", code);
  const Owned<TPM2B_PRIVATE> owned_inner(inner);
  const Owned<TPM2B_PUBLIC> owned_outer(outer);
  TpmObject out{sealing, {}, {}};
  RATLS_TRY(out.public_part, marshalled(*outer, Tss2_MU_TPM2B_PUBLIC_Marshal));
  RATLS_TRY(out.private_part, marshalled(*inner, Tss2_MU_TPM2B_PRIVATE_Marshal));
  return out;
}

Result<seal::Key> tpm_unseal(const TpmObject& object) {
  RATLS_TRY(const auto tpm, Tpm::open(object.sealing.tcti));
  RATLS_TRY(const ESYS_TR primary, make_primary(*tpm));
  RATLS_TRY(const ESYS_TR sealed, load(*tpm, primary, object));
  const bool by_pcrs = !object.sealing.pcrs.empty();
  RATLS_TRY(const ESYS_TR session,
            start_session(*tpm, primary, by_pcrs ? TPM2_SE_POLICY : TPM2_SE_HMAC));
  if (by_pcrs) RATLS_CHECK(demand_pcrs(*tpm, session, object.sealing.pcrs));
  TPM2B_SENSITIVE_DATA* data = nullptr;
  const TSS2_RC code = Esys_Unseal(tpm->get(), sealed, session, kNone, kNone, &data);
  if (is_error(code, TPM2_RC_POLICY_FAIL)) {
    return Error(Reason::tpm_state_changed, "a PCR it is sealed to has another value now");
  }
  if (code != TSS2_RC_SUCCESS) return failed("opening the sealed key", code);
  const Owned<TPM2B_SENSITIVE_DATA> owned(data);
  const bool fits = data->size == seal::kKeySize;
  seal::Key out;
  if (fits) {
    out.fill([&](auto bytes) {
      std::copy_n(&data->buffer[0], bytes.size(), bytes.begin());
      return true;
    });
  }
  wipe(data->buffer);
  if (!fits) return Error(Reason::invalid_config, "what is sealed is no key of a store");
  return out;
}

}  // namespace ratls::broker::detail
