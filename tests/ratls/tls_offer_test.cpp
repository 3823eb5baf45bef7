// What a client offers, read from its first flight. A build of mbedTLS with more in it, or a list
// meant for public web servers, must not reach the attested channel.

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <vector>

#include <ratls/detail/tls_engine.h>

#include "engine_pair.h"

using namespace ratls;
using ratls::detail::TlsEngine;

namespace {

constexpr std::uint16_t kGroups = 10;
constexpr std::uint16_t kSignatures = 13;
constexpr std::uint16_t kPreSharedKey = 41;
constexpr std::uint16_t kEarlyData = 42;
constexpr std::uint16_t kVersions = 43;

std::size_t number(ByteView bytes, std::size_t at, std::size_t size) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = out << 8U | bytes[at + i];
  return out;
}

std::vector<std::uint16_t> numbers(ByteView bytes) {
  std::vector<std::uint16_t> out;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    out.push_back(static_cast<std::uint16_t>(number(bytes, at, 2)));
  }
  return out;
}

struct Offer {
  std::vector<std::uint16_t> suites;
  std::map<std::uint16_t, Bytes> extensions;

  // The numbers of an extension that begins with the size of their list.
  [[nodiscard]] std::vector<std::uint16_t> list(std::uint16_t kind, std::size_t prefix) const {
    return numbers(ByteView(extensions.at(kind)).subspan(prefix));
  }
};

// RFC 8446, 4.1.2, behind 5 bytes of the record and 4 of the handshake message.
Offer offer_of(const Bytes& ca_pem) {
  ratls::detail::TlsOptions options;
  options.ca_pem = ca_pem;
  options.server_name = "localhost";
  options.judge = [](const ratls::detail::PeerLeaf&) { return Result<void>{}; };
  auto engine = TlsEngine::create(std::move(options)).value();
  REQUIRE(engine->handshake());
  const ByteView hello = engine->output().subspan(9 + 2 + 32);
  std::size_t at = 1 + number(hello, 0, 1);
  Offer out;
  const std::size_t suites = number(hello, at, 2);
  out.suites = numbers(hello.subspan(at + 2, suites));
  at += 2 + suites;
  at += 1 + number(hello, at, 1);
  const std::size_t end = at + 2 + number(hello, at, 2);
  for (at += 2; at < end;) {
    const std::size_t size = number(hello, at + 2, 2);
    const ByteView value = hello.subspan(at + 4, size);
    out.extensions[static_cast<std::uint16_t>(number(hello, at, 2))].assign(value.begin(),
                                                                            value.end());
    at += 4 + size;
  }
  return out;
}

using Numbers = std::vector<std::uint16_t>;

}  // namespace

TEST_CASE("the attested channel offers its own suites, groups and signatures, and nothing else") {
  const Offer offer = offer_of({});
  Numbers suites = offer.suites;
  std::erase(suites, 0x00ff);  // renegotiation info; no suite
  CHECK(suites == Numbers{0x1301, 0x1302, 0x1303});
  CHECK(offer.list(kVersions, 1) == Numbers{0x0304});
  CHECK(offer.list(kGroups, 2) == Numbers{0x001d, 0x0017, 0x0018});
  CHECK(offer.list(kSignatures, 2) == Numbers{0x0403, 0x0503});
  CHECK_FALSE(offer.extensions.contains(kPreSharedKey));
  CHECK_FALSE(offer.extensions.contains(kEarlyData));
}

TEST_CASE("a client that judges by CAs offers RSA too, and still TLS 1.3 alone") {
  const test::PlainIdentity identity;
  const Bytes pem = identity.certificate;  // DER is read as well; which CA does not matter here
  const Offer offer = offer_of(pem);
  CHECK(offer.list(kVersions, 1) == Numbers{0x0304});
  CHECK(offer.list(kSignatures, 2) ==
        Numbers{0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601});
}
