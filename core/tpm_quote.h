/// A TPM 2.0 quote: what a TPM signed about its PCRs (TPM 2.0 Library, part 2, TPMS_ATTEST).
#pragma once

#include <map>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// PCRs of a PC client TPM that can be quoted.
inline constexpr std::uint32_t kTpmPcrs = 24;

/// Values of PCRs of the SHA-256 bank, by index.
using PcrValues = std::map<std::uint32_t, Sha256Digest>;

/// One quote, taken apart and not believed.
struct TpmQuote {
  Bytes extra_data;        ///< the qualifying data: what the caller of TPM2_Quote chose
  std::uint32_t pcrs = 0;  ///< bit i: PCR i of the SHA-256 bank is in the digest; never 0
  Sha256Digest pcr_digest;
};

/// Reads a TPMS_ATTEST of type quote over PCRs of the SHA-256 bank and no other, digested with
/// SHA-256; nothing may follow. Errors: malformed_tpm_quote.
Result<TpmQuote> parse_tpm_quote(ByteView attest);

/// The values that the quote's digest covers: `values` holds 32 bytes for each selected PCR, the
/// lowest index first. Errors: pcr_values_mismatch.
Result<PcrValues> check_pcr_values(const TpmQuote& quote, ByteView values);

/// "0-7, 14": the indices of a selection.
std::string pcr_list(std::uint32_t pcrs);

}  // namespace ratls
