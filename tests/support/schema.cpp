#include "schema.h"

#include <cstdio>
#include <cstdlib>

#include "files.h"

namespace ratls::test {

namespace {

bool validator_is_here(const std::string& folder) {
  const std::string from = std::string(RATLS_SOURCE_DIR) + "/tests/schema/";
  return run_command("mkdir -p " + folder + " && cp " + from + ".npmrc " + from + "*.json " + from +
                     "*.mjs " + folder + " && cd " + folder +
                     " && (test -d node_modules/ajv || timeout 100 npm ci --no-audit --no-fund)")
             .status == 0;
}

}  // namespace

std::optional<std::string> judged_by_schema(const std::string& schema,
                                            const std::string& documents) {
  const std::string folder = std::string(RATLS_BINARY_DIR) + "/tests/schema";
  if (!validator_is_here(folder)) return std::nullopt;
  write_file(folder + "/" + schema + ".data", as_bytes(documents));
  auto said = run_command("cd " + folder + " && node validate.mjs " + RATLS_SOURCE_DIR +
                          "/docs/schema/" + schema + " " + schema + ".data");
  if (said.status == 0) return std::move(said.output);
  std::fprintf(stderr, "%s\n", said.output.c_str());
  std::abort();
}

}  // namespace ratls::test
