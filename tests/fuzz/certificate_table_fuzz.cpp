// The host's table of certificates: nothing is larger than the table that it came in, and what
// stands behind the last entry changes nothing.
#include <ratls/certgen/certificate_table.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto table = parse_certificate_table(bytes);
  if (!table) {
    must(table.error().reason() == Reason::malformed_certificate_table);
    return 0;
  }
  must(size <= kMaxCertificateTable);
  for (const auto& leaf : {table->vcek, table->vlek}) must(!leaf || leaf->size() <= size);
  if (size == 0 || size == kMaxCertificateTable) return 0;
  Bytes longer(bytes.begin(), bytes.end());
  longer.push_back(0);
  const auto again = parse_certificate_table(longer);
  must(again && again->vcek == table->vcek && again->vlek == table->vlek);
  return 0;
}
