/// JSON Schemas under a validator that is not ours (ajv).
#pragma once

#include <optional>
#include <string>

namespace ratls::test {

/// What ajv says of each document of a JSON list under docs/schema/`schema`: the text of a JSON
/// list of true and false. Nothing where it is not here and npm cannot install it, from the lock
/// file: the test then skips and says so. Aborts where the schema itself is refused. Tests that
/// call this have the RESOURCE_LOCK schema.
std::optional<std::string> judged_by_schema(const std::string& schema,
                                            const std::string& documents);

}  // namespace ratls::test
