/// For which machine the certificate of a report's key was made.
#pragma once

#include <optional>

#include <ratls/certgen/reported_tcb.h>
#include <ratls/core/bytes.h>

namespace ratls::detail {

/// Of a VCEK or VLEK, DER, in the layout of its product; nothing where this is not one.
std::optional<ReportedTcb> tcb_of_leaf(ByteView der);

/// Is this VCEK, DER, of the chip that the report names (hwID, AMD 57230)? Turin's has 8 bytes, and
/// zeros follow in the report. False for a report that names none, and for what is no certificate.
bool is_of_chip(ByteView der, ByteView report);

}  // namespace ratls::detail
