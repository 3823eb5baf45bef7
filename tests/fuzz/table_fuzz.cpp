// Certificate tables of a host: what is taken out stands in the table, or is its PEM in DER.
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
  const bool has_pem = fuzz::contains(bytes, as_bytes("-----BEGIN"));
  for (const auto& leaf : {table->vcek, table->vlek}) {
    if (!leaf) continue;
    must(!leaf->empty() && leaf->size() < size);
    must(has_pem || fuzz::contains(bytes, *leaf));
  }
  return 0;
}
