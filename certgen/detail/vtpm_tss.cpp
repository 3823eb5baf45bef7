// The vTPM through tpm2-tss's ESAPI.
#include <ratls/certgen/detail/vtpm.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include <ratls/core/hcl_report.h>
#include <ratls/core/tpm_quote.h>

namespace ratls::detail {

namespace {

constexpr std::uint16_t kChunk = 1024;  // a TPM2B_MAX_NV_BUFFER that every TPM takes

Result<void> check(TSS2_RC code, const std::string& what) {
  if (code == TSS2_RC_SUCCESS) return {};
  return Error(Reason::io_error, "the TPM, " + what + ": " + Tss2_RC_Decode(code));
}

/// Memory that ESAPI gave away.
template <class T>
class Given {
 public:
  Given() = default;
  Given(const Given&) = delete;
  Given& operator=(const Given&) = delete;
  ~Given() { Esys_Free(value_); }
  T** out() noexcept { return &value_; }
  const T* operator->() const noexcept { return value_; }

 private:
  T* value_ = nullptr;
};

class TssDoor final : public VtpmDoor {
 public:
  explicit TssDoor(TSS2_TCTI_CONTEXT* tcti) noexcept : tcti_(tcti) {}
  ~TssDoor() override {
    Esys_Finalize(&esys_);
    Tss2_TctiLdr_Finalize(&tcti_);
  }

  Result<void> begin() { return check(Esys_Initialize(&esys_, tcti_, nullptr), "opening it"); }

  Result<bool> has(std::uint32_t handle) override {
    Given<TPMS_CAPABILITY_DATA> found;
    TPMI_YES_NO more = 0;
    RATLS_CHECK(check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         TPM2_CAP_HANDLES, handle, 1, &more, found.out()),
                      "listing its handles"));
    return found->data.handles.count == 1 && found->data.handles.handle[0] == handle;
  }

  Result<Bytes> read_index(std::uint32_t index) override {
    RATLS_TRY(const Index at, look_up(index, TPMA_NV_OWNERREAD));
    Bytes out;
    while (out.size() < at.size) {
      const auto left = static_cast<std::uint16_t>(at.size - out.size());
      Given<TPM2B_MAX_NV_BUFFER> part;
      RATLS_CHECK(check(
          Esys_NV_Read(esys_, at.authority, at.object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                       std::min(left, kChunk), static_cast<std::uint16_t>(out.size()), part.out()),
          "reading NV index " + hex(index)));
      if (part->size == 0) return Error(Reason::io_error, "the TPM gave an empty part of an index");
      append(out, ByteView(part->buffer, part->size));
    }
    return out;
  }

  Result<void> write_index(std::uint32_t index, ByteView value) override {
    RATLS_TRY(const Index at, look_up(index, TPMA_NV_OWNERWRITE));
    TPM2B_MAX_NV_BUFFER data{};
    if (value.size() > at.size || value.size() > kChunk) {
      return Error(Reason::io_error, "NV index " + hex(index) + " is too small");
    }
    data.size = static_cast<std::uint16_t>(value.size());
    copy_bytes(value, std::span(data.buffer).first(value.size()));
    return check(Esys_NV_Write(esys_, at.authority, at.object, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, &data, 0),
                 "writing NV index " + hex(index));
  }

  Result<Quote> quote(std::uint32_t key, ByteView qualifying_data) override {
    RATLS_TRY(const ESYS_TR object, object_of(key));
    TPM2B_DATA data{};
    if (qualifying_data.size() > sizeof(data.buffer)) {
      return Error(Reason::internal, "a TPM does not take that much qualifying data");
    }
    data.size = static_cast<std::uint16_t>(qualifying_data.size());
    copy_bytes(qualifying_data, std::span(data.buffer).first(qualifying_data.size()));
    TPMT_SIG_SCHEME scheme{};
    scheme.scheme = TPM2_ALG_RSASSA;
    scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
    const TPML_PCR_SELECTION pcrs = selection({0xff, 0xff, 0xff});
    Given<TPM2B_ATTEST> attest;
    Given<TPMT_SIGNATURE> signature;
    RATLS_CHECK(check(Esys_Quote(esys_, object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                                 &scheme, &pcrs, attest.out(), signature.out()),
                      "quoting by the key " + hex(key)));
    if (signature->sigAlg != TPM2_ALG_RSASSA) {
      return Error(Reason::io_error, "the TPM signed with another scheme than RSASSA");
    }
    const auto& signed_by = signature->signature.rsassa.sig;
    Quote out;
    append(out.attest, ByteView(attest->attestationData, attest->size));
    append(out.signature, ByteView(signed_by.buffer, signed_by.size));
    return out;
  }

  // A TPM gives at most eight values at a time.
  Result<Bytes> read_pcrs() override {
    Bytes out;
    for (std::size_t i = 0; i < kTpmPcrs / 8; ++i) {
      std::array<std::uint8_t, 3> bits{};
      bits.at(i) = 0xff;
      const TPML_PCR_SELECTION wanted = selection(bits);
      Given<TPML_PCR_SELECTION> got;
      Given<TPML_DIGEST> values;
      RATLS_CHECK(check(Esys_PCR_Read(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                                      nullptr, got.out(), values.out()),
                        "reading PCRs"));
      if (values->count != 8) return Error(Reason::io_error, "the TPM has no SHA-256 bank of PCRs");
      for (const auto& value : std::span(values->digests).first(8)) {
        append(out, ByteView(value.buffer, value.size));
      }
    }
    return out;
  }

 private:
  struct Index {
    ESYS_TR object = ESYS_TR_NONE;
    ESYS_TR authority = ESYS_TR_NONE;  ///< the owner where it may, else the index itself
    std::uint16_t size = 0;
  };

  static std::string hex(std::uint32_t handle) {
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(handle >> 24U), static_cast<std::uint8_t>(handle >> 16U),
        static_cast<std::uint8_t>(handle >> 8U), static_cast<std::uint8_t>(handle)};
    return "0x" + to_hex(bytes);
  }

  static TPML_PCR_SELECTION selection(const std::array<std::uint8_t, 3>& bits) {
    TPML_PCR_SELECTION out{};
    out.count = 1;
    out.pcrSelections[0].hash = TPM2_ALG_SHA256;
    out.pcrSelections[0].sizeofSelect = 3;
    copy_bytes(bits, std::span(out.pcrSelections[0].pcrSelect).first<3>());
    return out;
  }

  Result<ESYS_TR> object_of(std::uint32_t handle) {
    RATLS_TRY(const bool there, has(handle));
    if (!there) {
      return Error(Reason::no_report_device, "the TPM holds nothing at " + hex(handle));
    }
    ESYS_TR object = ESYS_TR_NONE;
    RATLS_CHECK(check(
        Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object),
        "looking up " + hex(handle)));
    return object;
  }

  Result<Index> look_up(std::uint32_t index, TPMA_NV by_owner) {
    Index out;
    RATLS_TRY(out.object, object_of(index));
    Given<TPM2B_NV_PUBLIC> about;
    Given<TPM2B_NAME> name;
    RATLS_CHECK(check(Esys_NV_ReadPublic(esys_, out.object, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, about.out(), name.out()),
                      "looking at NV index " + hex(index)));
    out.size = about->nvPublic.dataSize;
    out.authority = (about->nvPublic.attributes & by_owner) != 0 ? ESYS_TR_RH_OWNER : out.object;
    if (out.size <= kMaxHclReportSize) return out;
    return Error(Reason::io_error, "NV index " + hex(index) + " is larger than 4096 bytes");
  }

  TSS2_TCTI_CONTEXT* tcti_;
  ESYS_CONTEXT* esys_ = nullptr;
};

// tpm2-tss says only that it failed.
Result<void> check_device(const std::string& tcti) {
  constexpr std::string_view kDevice = "device:";
  if (!tcti.starts_with(kDevice)) return {};
  const std::string path = tcti.substr(kDevice.size());
  if (::access(path.c_str(), R_OK | W_OK) == 0) return {};
  const int code = errno;
  std::string detail = path + ": " + std::generic_category().message(code);
  if (code == EACCES) detail += "; run as root, or put this user into the group tss";
  if (code == ENOENT) detail += "; this machine shows no TPM (modprobe tpm_crb)";
  return Error(Reason::no_report_device, std::move(detail));
}

}  // namespace

bool has_vtpm_support() noexcept {
  return true;
}

Result<std::unique_ptr<VtpmDoor>> open_vtpm(const std::string& tcti) {
  RATLS_CHECK(check_device(tcti));
  TSS2_TCTI_CONTEXT* context = nullptr;
  if (const TSS2_RC code = Tss2_TctiLdr_Initialize(tcti.c_str(), &context); code != 0) {
    return Error(Reason::no_report_device,
                 "no TPM at " + tcti + ": " + std::string(Tss2_RC_Decode(code)));
  }
  auto door = std::make_unique<TssDoor>(context);
  RATLS_CHECK(door->begin());
  return std::unique_ptr<VtpmDoor>(std::move(door));
}

}  // namespace ratls::detail
