/// A parsed report in words and in JSON.
#pragma once

#include <string>

#include <ratls/verify/snp/detail/report.h>

namespace ratls::snp::detail {

/// "0x3001f".
std::string hex_number(std::uint64_t value);

/// {"fmc":1,"bootloader":1,...}; fmc on Turin only.
std::string json_of(const Tcb& tcb);

/// Every field, one a line, aligned.
std::string text_of(const Report& report);

/// Every field as one JSON object.
std::string json_of(const Report& report);

}  // namespace ratls::snp::detail
