/// Looking at evidence without judging it.
#pragma once

#include <string>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls {

/// All fields of a report, in words for people. The text begins and ends by saying NOT VERIFIED.
/// Errors: those of a report's shape.
Result<std::string> inspect_report_text(ByteView report);

/// The same as one JSON object, `ratls.report/1`, whose first members say `"verified":false`.
/// Errors: those of a report's shape.
Result<std::string> inspect_report_json(ByteView report);

}  // namespace ratls
