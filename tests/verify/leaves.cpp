#include "tests/verify/leaves.h"

#include <ratls/core/base64.h>
#include <ratls/core/der.h>

namespace ratls::test {

Bytes leaf_with(const SigningKey& key, const std::vector<Bytes>& extensions,
                std::string_view common_name) {
  const Bytes name = der::sequence(
      {der::set({der::sequence({der::oid("2.5.4.3"), der::utf8_string(common_name)})})});
  const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.4.3.2")});
  const Bytes validity = der::sequence({der::time({0}), der::time({253402300799})});
  Bytes list;
  for (const Bytes& extension : extensions) append(list, extension);
  const Bytes wrapped = extensions.empty() ? Bytes{} : der::explicit_tag(3, der::sequence({list}));
  const Bytes tbs = der::sequence({der::explicit_tag(0, der::integer(2)), der::integer(7),
                                   algorithm, name, validity, name, key.spki(), wrapped});
  return der::sequence({tbs, algorithm, der::bit_string(key.sign_sha256(tbs).value())});
}

Bytes leaf_extension(std::string_view oid, ByteView value, bool critical) {
  const Bytes flag = critical ? der::boolean(true) : Bytes{};
  return der::sequence({der::oid(oid), flag, der::octet_string(value)});
}

std::string pem_of(std::string_view label, ByteView der) {
  return "-----BEGIN " + std::string(label) + "-----\n" + to_base64(der) + "\n-----END " +
         std::string(label) + "-----\n";
}

}  // namespace ratls::test
