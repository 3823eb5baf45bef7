/// For which firmware a report, and the certificate of its key, were made.
#pragma once

#include <optional>

#include <ratls/core/bytes.h>

namespace ratls::detail {

/// REPORTED_TCB as it stands in a report: what its key was derived for (AMD 56860).
using ReportedTcb = FixedBytes<8, struct ReportedTcbTag>;

/// Nothing where these are not a report's bytes.
std::optional<ReportedTcb> tcb_of_report(ByteView report);

/// Of a VCEK or VLEK, DER, in the layout of its product; nothing where this is not one.
std::optional<ReportedTcb> tcb_of_leaf(ByteView der);

}  // namespace ratls::detail
