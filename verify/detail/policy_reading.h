/// The parts of a policy file's reader. Errors of all: invalid_policy, with line and column.
#pragma once

#include <ratls/verify/detail/json_fields.h>
#include <ratls/verify/detail/policy_data.h>

namespace ratls::detail {

inline constexpr std::string_view kAny = "any";

[[nodiscard]] bool is_word(const JsonValue& value, std::string_view word) noexcept;

Result<snp::Product> read_product(const JsonFile& file, const JsonValue& value);

/// "1.55" or "1.55.40": `parts` numbers of 0 to 255, in their shortest form.
Result<std::vector<std::uint8_t>> read_version(const JsonFile& file, const JsonValue& value,
                                               std::string_view what, std::size_t parts);

/// `products`, `min_tcb`, `launch_tcb` and `min_firmware` of a guest.
Result<void> read_floors(const JsonFile& file, const JsonFields& guest, GuestRule& out);

/// `guest_policy`, `platform_info` and `mitigations` of a guest.
Result<void> read_bits(const JsonFile& file, const JsonFields& guest, GuestRule& out);

/// `tpm_pcrs` of a guest, which may be left out.
Result<void> read_pcrs(const JsonFile& file, const JsonFields& guest, GuestRule& out);

/// `instance_keys` of a guest, which may be left out.
Result<void> read_instance_keys(const JsonFile& file, const JsonFields& guest, GuestRule& out);

/// One entry of `accept`.
Result<GuestRule> read_guest(const JsonFile& file, const JsonValue& value);

}  // namespace ratls::detail
