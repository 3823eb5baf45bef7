// HKDF-Expand-Label and TLS-Exporter: RFC 8448, section 3, whose secrets are published; what that
// trace does not hold was computed with Python's hmac:
//
//   def label(h, secret, name, context, n):
//       info = n.to_bytes(2, 'big') + bytes([6 + len(name)]) + b'tls13 ' + name
//       info += bytes([len(context)]) + context
//       t = out = b''; i = 1
//       while len(out) < n:
//           t = hmac.new(secret, t + info + bytes([i]), h).digest(); out += t; i += 1
//       return out[:n]
//   def exporter(h, secret, name, context, n):
//       derived = label(h, secret, name, hashlib.new(h).digest(), hashlib.new(h).digest_size)
//       return label(h, derived, b'exporter', hashlib.new(h, context).digest(), n)
#include <ratls/core/crypto.h>

#include "check.h"

using namespace ratls;
using crypto::TlsHash;
using test::counting;
using test::hex;

namespace {

std::string expand(TlsHash hash, ByteView secret, std::string_view label, ByteView context,
                   std::size_t size) {
  Bytes out(size);
  REQUIRE(crypto::hkdf_expand_label(hash, secret, label, context, out));
  return to_hex(out);
}

std::string exported(TlsHash hash, ByteView secret, std::string_view label, ByteView context,
                     std::size_t size) {
  Bytes out(size);
  REQUIRE(crypto::tls_exporter(hash, secret, label, context, out));
  return to_hex(out);
}

bool refused(TlsHash hash, std::size_t secret, std::size_t label, std::size_t context,
             std::size_t out_size) {
  Bytes out(out_size);
  return test::refused(
      crypto::hkdf_expand_label(hash, Bytes(secret), std::string(label, 'l'), Bytes(context), out),
      Reason::internal);
}

// RFC 8448, section 3.
const Bytes kMaster = hex("18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
const Bytes kToServerFinished =
    hex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
const Bytes kServerHandshake =
    hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
const Bytes kExporterMaster =
    hex("fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");

}  // namespace

TEST_CASE("the traffic and exporter secrets of RFC 8448 are derived from its master secret") {
  CHECK(expand(TlsHash::sha256, kMaster, "c ap traffic", kToServerFinished, 32) ==
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
  CHECK(expand(TlsHash::sha256, kMaster, "s ap traffic", kToServerFinished, 32) ==
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
  CHECK(expand(TlsHash::sha256, kMaster, "exp master", kToServerFinished, 32) ==
        to_hex(kExporterMaster));
}

TEST_CASE("the keys of RFC 8448 are derived from its handshake secret, shorter than a hash too") {
  CHECK(expand(TlsHash::sha256, kServerHandshake, "key", {}, 16) ==
        "3fce516009c21727d0f2e4e86ee403bc");
  CHECK(expand(TlsHash::sha256, kServerHandshake, "iv", {}, 12) == "5d313eb2671276ee13000b30");
  CHECK(expand(TlsHash::sha256, kServerHandshake, "finished", {}, 32) ==
        "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8");
}

TEST_CASE("the exporter of the RFC 8448 session has its known value") {
  // exporter('sha256', exporter master secret above, b'EXPERIMENTAL-ratls-v1-client',
  //          bytes(range(48)), 48)
  CHECK(exported(TlsHash::sha256, kExporterMaster, "EXPERIMENTAL-ratls-v1-client", counting(48),
                 48) ==
        "94521a13b0ecfebb7a888cb1c85154d95d22881a6563e920"
        "da43836031297c8ae54961fdcd544e97d9b616ead92921c5");
}

TEST_CASE("the exporter under SHA-384 with an empty context has its known value") {
  // exporter('sha384', bytes(range(48)), b'EXPERIMENTAL-ratls-v1-post', b'', 48)
  CHECK(exported(TlsHash::sha384, counting(48), "EXPERIMENTAL-ratls-v1-post", {}, 48) ==
        "85d38ebf9b87e970de571d6e8655394aff0610b7f55491eb"
        "17bbd76f646e311152b519a9f9f7bc5cf75b9d75e50b05eb");
}

TEST_CASE("a label under SHA-384 has its known value") {
  // label('sha384', bytes(range(48)), b'ratls s binder', bytes([0xab] * 48), 48)
  CHECK(expand(TlsHash::sha384, counting(48), "ratls s binder", Bytes(48, 0xAB), 48) ==
        "1676bbc6e5dc5dbd082bd6e93fce411acc2e46e334656e23"
        "c758459cda302a3b088ce62bb99a4e83677dd6b168944eed");
}

TEST_CASE("an output of many blocks has its known value, and another length is another output") {
  // hashlib.sha256(label(HASH, bytes(range(SIZE)), b'long', b'ctx', 255)).hexdigest()
  const auto digest = [](TlsHash hash, std::size_t secret) {
    return crypto::sha256({hex(expand(hash, counting(secret), "long", as_bytes("ctx"), 255))})
        .hex();
  };
  CHECK(digest(TlsHash::sha256, 32) ==
        "5b739786a06f157b5bf630f153fcc78dd0217728ac7373254cefd7b4e16c515b");
  CHECK(digest(TlsHash::sha384, 48) ==
        "b83eedea5d4b0a14645183ae2a57b9069484b4f2067652b8912d1762f93f66d8");
  // RFC 8446, 7.1: the length is part of the label's structure.
  const auto longer = expand(TlsHash::sha256, counting(32), "long", as_bytes("ctx"), 33);
  CHECK(longer.substr(0, 64) != expand(TlsHash::sha256, counting(32), "long", as_bytes("ctx"), 32));
}

TEST_CASE("hash, secret, label and context each change the output") {
  const std::string base = expand(TlsHash::sha256, counting(32), "label", Bytes(3), 32);
  CHECK(expand(TlsHash::sha256, counting(32, 1), "label", Bytes(3), 32) != base);
  CHECK(expand(TlsHash::sha256, counting(32), "labem", Bytes(3), 32) != base);
  CHECK(expand(TlsHash::sha256, counting(32), "label", Bytes(4), 32) != base);
  CHECK(expand(TlsHash::sha384, counting(48), "label", Bytes(3), 32) != base);
  CHECK(expand(TlsHash::sha256, counting(32), "labe", as_bytes("l"), 32) != base);
}

TEST_CASE("an empty output is nothing to do") {
  CHECK(expand(TlsHash::sha256, counting(32), "label", {}, 0).empty());
}

TEST_CASE("lengths that the structure cannot hold are a bug and refused") {
  REQUIRE_FALSE(refused(TlsHash::sha256, 32, 249, 255, 255));
  REQUIRE_FALSE(refused(TlsHash::sha384, 48, 249, 255, 255));
  CHECK(refused(TlsHash::sha256, 31, 5, 0, 32));
  CHECK(refused(TlsHash::sha256, 33, 5, 0, 32));
  CHECK(refused(TlsHash::sha256, 48, 5, 0, 32));
  CHECK(refused(TlsHash::sha384, 32, 5, 0, 32));
  CHECK(refused(TlsHash::sha384, 0, 5, 0, 32));
  CHECK(refused(TlsHash::sha256, 32, 250, 0, 32));
  CHECK(refused(TlsHash::sha256, 32, 5, 256, 32));
  CHECK(refused(TlsHash::sha256, 32, 5, 0, 256));
}

TEST_CASE("an exporter from a secret of the wrong length is refused and writes nothing") {
  for (const std::size_t size : {0U, 31U, 33U, 48U}) {
    Bytes out(48);
    CHECK(test::refused(crypto::tls_exporter(TlsHash::sha256, Bytes(size), "label", {}, out),
                        Reason::internal));
    CHECK(is_zero(out));
  }
}
