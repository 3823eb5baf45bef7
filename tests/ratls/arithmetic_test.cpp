// Whose arithmetic a handshake runs on, and what a low-order key share meets.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>

#include <ratls/core/detail/operation_count.h>
#include <ratls/core/detail/self_test.h>

#include "engine_pair.h"

using namespace ratls;
using detail::Operation;
using test::EnginePair;

namespace {

// What ran since it was made.
class Counted {
 public:
  Counted() {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      before_[i] = detail::counted(static_cast<Operation>(i));
    }
  }
  [[nodiscard]] std::uint64_t operator[](Operation operation) const {
    return detail::counted(operation) - before_[static_cast<std::size_t>(operation)];
  }

 private:
  std::array<std::uint64_t, detail::kOperations> before_{};
};

// Overwrites the X25519 share (RFC 8446, 4.2.8: group 0x001d, 32 bytes) in what a side says first.
Bytes with_share(ByteView flight, ByteView share) {
  constexpr std::array<std::uint8_t, 4> kEntry{0x00, 0x1d, 0x00, 0x20};
  Bytes out(flight.begin(), flight.end());
  const auto at = std::search(out.begin(), out.end(), kEntry.begin(), kEntry.end());
  REQUIRE(out.end() - at >= 36);
  std::copy(share.begin(), share.end(), at + 4);
  return out;
}

// RFC 7748, 6.1 and RFC 7919's kin: points of order 1, 2, 4 and 8, and one of them not reduced.
std::vector<Bytes> low_order_shares() {
  std::vector<Bytes> out;
  for (const char* share : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    out.push_back(from_hex(share).value());
  }
  return out;
}

}  // namespace

#if defined(RATLS_EXPECT_AWSLC)
TEST_CASE("a mutual handshake with fresh certificates does all its public-key work in AWS-LC") {
  const Counted counted;
  EnginePair pair;
  pair.run();
  pair.resume_client();
  REQUIRE(pair.both_over());
  CHECK(counted[Operation::p256_generate] == 2);
  CHECK(counted[Operation::x25519_public] == 2);
  CHECK(counted[Operation::x25519_agree] == 2);
  CHECK(counted[Operation::p256_sign] == 4);  // two of them of the leaves by themselves
  CHECK(counted[Operation::p256_verify] == 2);
  CHECK(counted[Operation::p256_agree] == 0);
}

TEST_CASE("a mutual handshake with ready certificates needs two of each operation") {
  EnginePair pair;
  const Counted counted;
  pair.run();
  pair.resume_client();
  REQUIRE(pair.both_over());
  CHECK(counted[Operation::p256_generate] + counted[Operation::x25519_public] == 2);
  CHECK(counted[Operation::x25519_agree] == 2);
  CHECK(counted[Operation::p256_sign] == 2);
  CHECK(counted[Operation::p256_verify] == 2);
}
#endif

TEST_CASE("a server refuses a client's low-order key share") {
  for (const Bytes& share : low_order_shares()) {
    INFO(to_hex(share));
    EnginePair pair;
    REQUIRE(pair.client->handshake());
    const Bytes hello = with_share(pair.client->output(), share);
    REQUIRE(pair.server->feed(hello) == hello.size());
    CHECK_FALSE(pair.server->handshake());
  }
}

TEST_CASE("a client refuses a server's low-order key share") {
  for (const Bytes& share : low_order_shares()) {
    INFO(to_hex(share));
    EnginePair pair;
    REQUIRE(pair.client->handshake());
    REQUIRE(test::pump(*pair.client, *pair.server));
    REQUIRE(pair.server->handshake());
    const Bytes flight = with_share(pair.server->output(), share);
    REQUIRE(pair.client->feed(flight) == flight.size());
    CHECK_FALSE(pair.client->handshake());
  }
}

#if defined(RATLS_EXPECT_AWSLC)
// Last: it switches AWS-LC off for the rest of the process.
TEST_CASE("without AWS-LC, as after a failed self-test, mbedTLS's own code makes the handshake") {
  provider::stop_using();
  const Counted counted;
  EnginePair pair;
  pair.run();
  pair.resume_client();
  CHECK(pair.both_over());
  CHECK(counted[Operation::p256_generate] == 0);
  CHECK(counted[Operation::x25519_agree] == 0);
  CHECK(counted[Operation::p256_sign] == 0);
  CHECK(counted[Operation::p256_verify] == 0);
}
#endif
