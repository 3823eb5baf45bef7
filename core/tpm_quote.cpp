#include <ratls/core/tpm_quote.h>

#include <string>

#include <ratls/core/crypto.h>
#include <ratls/core/reader.h>

namespace ratls {

namespace {

// TPM 2.0 Library, part 2: TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE, TPM_ALG_SHA256.
constexpr std::uint32_t kGenerated = 0xff544347;
constexpr std::uint16_t kQuote = 0x8018;
constexpr std::uint16_t kSha256 = 0x000b;
constexpr std::uint16_t kMostName = 66;  // an algorithm and a SHA-512
constexpr std::uint16_t kMostData = 66;
constexpr std::uint8_t kSelectBytes = kTpmPcrs / 8;

Error malformed(std::string_view what) {
  return Error(Reason::malformed_tpm_quote, std::string(what));
}

// A TPM2B: its size, then so many bytes.
Result<ByteView> sized(Reader& in, std::uint16_t most, std::string_view field) {
  RATLS_TRY(const std::uint16_t size, in.u16be(field));
  if (size > most) return malformed(std::string(field) + " is too long");
  return in.bytes(size, field);
}

Result<void> read_head(Reader& in, TpmQuote& out) {
  RATLS_TRY(const std::uint32_t magic, in.u32be("the magic"));
  if (magic != kGenerated) return malformed("the magic is not ff544347: no TPM made this");
  RATLS_TRY(const std::uint16_t type, in.u16be("the type"));
  if (type != kQuote) return malformed("it attests to something else than a quote");
  RATLS_TRY([[maybe_unused]] const ByteView signer, sized(in, kMostName, "the signer's name"));
  RATLS_TRY(const ByteView extra, sized(in, kMostData, "the qualifying data"));
  out.extra_data.assign(extra.begin(), extra.end());
  return {};
}

// TPMS_CLOCK_INFO and the firmware's version: nothing here is relied upon.
Result<void> read_clock(Reader& in) {
  RATLS_TRY([[maybe_unused]] const ByteView counters, in.bytes(16, "the clock"));
  RATLS_TRY(const std::uint8_t safe, in.u8("whether the clock is safe"));
  if (safe > 1) return malformed("whether the clock is safe is neither yes nor no");
  RATLS_TRY([[maybe_unused]] const ByteView firmware, in.bytes(8, "the firmware's version"));
  return {};
}

// TPMS_QUOTE_INFO: a TPML_PCR_SELECTION and a TPM2B_DIGEST.
Result<void> read_quote(Reader& in, TpmQuote& out) {
  RATLS_TRY(const std::uint32_t banks, in.u32be("the number of PCR banks"));
  if (banks != 1) return malformed("it is over " + std::to_string(banks) + " PCR banks, not one");
  RATLS_TRY(const std::uint16_t bank, in.u16be("the PCR bank"));
  if (bank != kSha256) return malformed("it is over another PCR bank than SHA-256");
  RATLS_TRY(const std::uint8_t size, in.u8("the size of the selection"));
  if (size != kSelectBytes) return malformed("the selection is not of 24 PCRs");
  for (std::uint32_t i = 0; i < kSelectBytes; ++i) {
    RATLS_TRY(const std::uint8_t bits, in.u8("the selection"));
    out.pcrs |= std::uint32_t{bits} << (8 * i);
  }
  if (out.pcrs == 0) return malformed("it selects no PCR");
  RATLS_TRY(const std::uint16_t digest_size, in.u16be("the PCR digest's size"));
  if (digest_size != Sha256Digest::kSize) return malformed("the PCR digest is not a SHA-256");
  RATLS_TRY(out.pcr_digest, in.fixed<Sha256Digest>("the PCR digest"));
  return {};
}

bool selected(std::uint32_t pcrs, std::uint32_t index) {
  return ((pcrs >> index) & 1U) != 0;
}

}  // namespace

Result<TpmQuote> parse_tpm_quote(ByteView attest) {
  Reader in(attest, Reason::malformed_tpm_quote);
  TpmQuote out;
  RATLS_CHECK(read_head(in, out));
  RATLS_CHECK(read_clock(in));
  RATLS_CHECK(read_quote(in, out));
  RATLS_CHECK(in.finish("the quote"));
  return out;
}

Result<PcrValues> check_pcr_values(const TpmQuote& quote, ByteView values) {
  PcrValues out;
  Reader in(values, Reason::pcr_values_mismatch);
  for (std::uint32_t i = 0; i < kTpmPcrs; ++i) {
    if (!selected(quote.pcrs, i)) continue;
    RATLS_TRY(out[i], in.fixed<Sha256Digest>("a PCR's value"));
  }
  RATLS_CHECK(in.finish("the values of the selected PCRs"));
  if (equal_ct(crypto::sha256({values}).view(), quote.pcr_digest.view())) return out;
  return Error(Reason::pcr_values_mismatch, "their SHA-256 is not the digest in the quote");
}

std::string pcr_list(std::uint32_t pcrs) {
  std::string out;
  for (std::uint32_t i = 0; i < kTpmPcrs; ++i) {
    if (!selected(pcrs, i)) continue;
    std::uint32_t last = i;
    while (last + 1 < kTpmPcrs && selected(pcrs, last + 1)) ++last;
    out += (out.empty() ? "" : ", ") + std::to_string(i);
    if (last != i) out += (last == i + 1 ? ", " : "-") + std::to_string(last);
    i = last;
  }
  return out;
}

}  // namespace ratls
