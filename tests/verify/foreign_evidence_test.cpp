// Other protocols' evidence is named and refused, and never read.

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/der.h>
#include <ratls/core/evidence.h>
#include <ratls/verify/evidence_leaf.h>
#include <ratls/verify/foreign_evidence.h>

#include "tests/verify/leaves.h"

namespace ratls {

namespace {

using test::leaf_extension;

const Bytes kRubbish = der::octet_string(as_bytes("not CBOR"));

Certificate leaf_of(const std::vector<Bytes>& extensions) {
  const SigningKey key = SigningKey::generate().value();
  return Certificate::parse(test::leaf_with(key, extensions), Reason::malformed_certificate,
                            Certificate::kMaxForeignSize)
      .value();
}

Error refusal(const std::vector<Bytes>& extensions) {
  auto read = read_evidence_leaf(leaf_of(extensions));
  REQUIRE_FALSE(read);
  return std::move(read).error();
}

}  // namespace

TEST_CASE("the evidence of every other protocol is refused by its name") {
  const struct {
    const char* oid;
    const char* name;
  } rows[] = {{"2.23.133.5.4.9", "Gramine from 1.8"},
              {"2.23.133.5.4.2", "DICE"},
              {"0.6.9.42.840.113741.1337.6", "Gramine and rats-tls"},
              {"1.2.840.113741.1337.6", "Intel"},
              {"1.2.840.113741.1.13.1", "PCK"},
              {"1.3.6.1.4.1.62397.1.1", "dstack"},
              {"1.3.6.1.4.1.62397.1.8", "dstack"},
              {"1.3.9901.2.1", "Contrast"},
              {"1.3.9900.4.1", "Constellation"},
              {"1.3.6.1.4.1.59888.1.1", "c8s"},
              {"1.2.840.113556.10.1.2", "Open Enclave"},
              {"1.3.6.1.4.1.311.105.1", "Open Enclave"}};
  for (const auto& row : rows) {
    INFO(row.oid);
    for (const bool critical : {false, true}) {
      const Error error = refusal({leaf_extension(row.oid, kRubbish, critical)});
      CHECK(error.reason() == Reason::foreign_evidence);
      CHECK(error.detail().find(row.name) != std::string::npos);
      CHECK(error.detail().find(row.oid) != std::string::npos);
    }
  }
}

TEST_CASE("OIDs beside those of other protocols are not taken for them") {
  for (const char* oid : {"2.23.133.5.5.9", "1.2.840.113741.13370", "1.3.6.1.4.1.623970.1",
                          "1.3.990.1", "2.5.29.15", "1.3.6.1.5.5.7.1.35"}) {
    CHECK(foreign_format(oid).empty());
  }
  CHECK(foreign_format("").empty());
  CHECK(refusal({}).reason() == Reason::malformed_certificate);
  CHECK(refusal({leaf_extension("1.2.3.4", kRubbish)}).reason() == Reason::malformed_certificate);
}

TEST_CASE("a leaf with our evidence and another protocol's is judged by ours") {
  const Bytes ours = leaf_extension(kEvidenceOid, kRubbish);
  const Bytes dice = leaf_extension("2.23.133.5.4.9", kRubbish);
  CHECK(read_evidence_leaf(leaf_of({dice, ours})));
  const Bytes critical = leaf_extension("2.23.133.5.4.9", kRubbish, true);
  CHECK(refusal({ours, critical}).reason() == Reason::malformed_certificate);
}

TEST_CASE("a foreign leaf is named although it is larger than ours may be") {
  const Bytes quote(20'000, 0x17);
  CHECK(refusal({leaf_extension("1.3.6.1.4.1.62397.1.1", quote)}).reason() ==
        Reason::foreign_evidence);
  CHECK(refusal({leaf_extension(kEvidenceOid, der::octet_string(quote))}).reason() ==
        Reason::malformed_certificate);
}

}  // namespace ratls
