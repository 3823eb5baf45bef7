// VCEK and VLEK certificates: what AMD's look like, and one refusal for each thing that differs.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <ratls/core/der.h>
#include <ratls/verify/snp/detail/endorsement.h>

#include "tests/verify/genuine.h"
#include "tests/verify/simulated.h"

namespace ratls {

namespace {

using sim::EndorsementShape;
using test::Simulated;
using test::SimulatedOptions;

const std::string kArc = "1.3.6.1.4.1.3704.1.";

Bytes* value_of(EndorsementShape& shape, const std::string& tail) {
  for (auto& extension : shape.extensions) {
    if (extension.oid == kArc + tail) return &extension.value;
  }
  return nullptr;
}

void set(EndorsementShape& shape, const std::string& tail, Bytes value) {
  *value_of(shape, tail) = std::move(value);
}

void remove(EndorsementShape& shape, const std::string& tail) {
  std::erase_if(shape.extensions, [&](const auto& e) { return e.oid == kArc + tail; });
}

void add(EndorsementShape& shape, const std::string& tail, Bytes value) {
  shape.extensions.push_back({kArc + tail, std::move(value)});
}

struct Row {
  const char* what;
  sim::Product product;
  bool vlek;
  std::function<void(EndorsementShape&)> change;
};

std::string refusal_of(const Row& row) {
  SimulatedOptions options;
  options.product = row.product;
  options.vlek = row.vlek;
  options.certificate = row.change;
  return Simulated(options).refusal();
}

constexpr auto kMilan = sim::Product::milan;
constexpr auto kTurin = sim::Product::turin;

}  // namespace

TEST_CASE("simulated certificates in AMD's shape are authentic for every product and kind") {
  for (const sim::Product product : sim::kAllProducts) {
    for (const bool vlek : {false, true}) {
      SimulatedOptions options;
      options.product = product;
      options.vlek = vlek;
      const Simulated world(options);
      INFO(sim::name(product) << (vlek ? " VLEK" : " VCEK"));
      const Verdict verdict = world.authenticity();
      INFO(verdict.text());
      CHECK(verdict.authentic);
      CHECK(verdict.simulated);
    }
  }
}

TEST_CASE("a certificate that differs from AMD's form is malformed") {
  const auto row = GENERATE(
      Row{"serial 1", kMilan, false, [](auto& s) { s.serial = 1; }},
      Row{"another subject", kMilan, false, [](auto& s) { s.subject_cn = "SEV-ASK"; }},
      Row{"a subject that begins alike", kMilan, false,
          [](auto& s) { s.subject_cn = "SEV-VCEK2"; }},
      Row{"trustee's subject VCEK", kMilan, false, [](auto& s) { s.subject_cn = "VCEK"; }},
      Row{"another issuer", kMilan, false, [](auto& s) { s.issuer_cn = "ARK-Milan"; }},
      Row{"issuer of the other kind", kMilan, false,
          [](auto& s) { s.issuer_cn = "SEV-VLEK-Milan"; }},
      Row{"issuer of Siena", kMilan, false, [](auto& s) { s.issuer_cn = "SEV-Siena"; }},
      Row{"ends before it begins", kMilan, false,
          [](auto& s) { std::swap(s.not_before, s.not_after); }},
      Row{"no structVersion", kMilan, false, [](auto& s) { remove(s, "1"); }},
      Row{"structVersion of Turin", kMilan, false, [](auto& s) { set(s, "1", der::integer(1)); }},
      Row{"structVersion 2", kTurin, false, [](auto& s) { set(s, "1", der::integer(2)); }},
      Row{"no productName", kMilan, false, [](auto& s) { remove(s, "2"); }},
      Row{"productName of Genoa", kMilan, false,
          [](auto& s) { set(s, "2", der::ia5_string("Genoa")); }},
      Row{"productName with a tail", kMilan, false,
          [](auto& s) { set(s, "2", der::ia5_string("Milan-B01")); }},
      Row{"productName as UTF-8", kMilan, false,
          [](auto& s) { set(s, "2", der::utf8_string("Milan-B0")); }},
      Row{"productName unprintable", kMilan, false,
          [](auto& s) { set(s, "2", der::ia5_string("Milan\n")); }},
      Row{"no blSPL", kMilan, false, [](auto& s) { remove(s, "3.1"); }},
      Row{"no teeSPL", kMilan, false, [](auto& s) { remove(s, "3.2"); }},
      Row{"no snpSPL", kMilan, false, [](auto& s) { remove(s, "3.3"); }},
      Row{"no ucodeSPL", kMilan, false, [](auto& s) { remove(s, "3.8"); }},
      Row{"no spl4", kMilan, false, [](auto& s) { remove(s, "3.4"); }},
      Row{"spl4 on Turin", kTurin, false, [](auto& s) { add(s, "3.4", der::integer(0)); }},
      Row{"spl5 not 0", kMilan, false, [](auto& s) { set(s, "3.5", der::integer(1)); }},
      Row{"fmcSPL on Milan", kMilan, false, [](auto& s) { add(s, "3.9", der::integer(0)); }},
      Row{"no fmcSPL on Turin", kTurin, false, [](auto& s) { remove(s, "3.9"); }},
      Row{"SPL of 256", kMilan, false, [](auto& s) { set(s, "3.8", der::integer(256)); }},
      Row{"negative SPL", kMilan, false,
          [](auto& s) {
            set(s, "3.8", {0x02, 0x01, 0x80});
          }},
      Row{"SPL with a spare zero", kMilan, false,
          [](auto& s) {
            set(s, "3.3", {0x02, 0x02, 0x00, 0x17});
          }},
      Row{"SPL of no bytes", kMilan, false,
          [](auto& s) {
            set(s, "3.3", {0x02, 0x00});
          }},
      Row{"SPL with a long length", kMilan, false,
          [](auto& s) {
            set(s, "3.3", {0x02, 0x81, 0x01, 0x17});
          }},
      Row{"SPL with a tail", kMilan, false,
          [](auto& s) {
            set(s, "3.3", {0x02, 0x01, 0x17, 0x00});
          }},
      Row{"SPL as OCTET STRING", kMilan, false,
          [](auto& s) {
            set(s, "3.3", {0x04, 0x01, 0x17});
          }},
      Row{"a last byte alone (TEE-Attestation-Verification 142)", kMilan, false,
          [](auto& s) { set(s, "3.3", {0x17}); }},
      Row{"two hwIDs", kMilan, false, [](auto& s) { add(s, "4", Bytes(64, 1)); }},
      Row{"two blSPLs, both right", kMilan, false,
          [](auto& s) { add(s, "3.1", *value_of(s, "3.1")); }},
      Row{"no hwID (TEE-Attestation-Verification 142)", kMilan, false,
          [](auto& s) { remove(s, "4"); }},
      Row{"hwID of 63 bytes", kMilan, false, [](auto& s) { value_of(s, "4")->pop_back(); }},
      Row{"hwID in an OCTET STRING", kMilan, false,
          [](auto& s) { set(s, "4", der::octet_string(*value_of(s, "4"))); }},
      Row{"hwID of 64 bytes on Turin", kTurin, false,
          [](auto& s) { value_of(s, "4")->resize(64); }},
      Row{"cspID on a VCEK", kMilan, false, [](auto& s) { add(s, "5", der::ia5_string("CN=x")); }},
      Row{"hwID on a VLEK", kMilan, true, [](auto& s) { add(s, "4", Bytes(64, 1)); }},
      Row{"no cspID on a VLEK", kMilan, true, [](auto& s) { remove(s, "5"); }},
      Row{"an empty cspID", kMilan, true, [](auto& s) { set(s, "5", der::ia5_string("")); }},
      Row{"an unknown AMD extension", kMilan, false, [](auto& s) { add(s, "6", der::null()); }});
  INFO(row.what);
  CHECK(refusal_of(row) == "malformed_endorsement");
}

TEST_CASE("an extension of someone else's that is not critical changes nothing") {
  SimulatedOptions options;
  options.certificate = [](auto& shape) {
    shape.extensions.push_back({"2.5.29.14", der::octet_string(Bytes(20, 7))});
  };
  CHECK(Simulated(options).refusal() == "accepted");
}

TEST_CASE("snpguest 38 and 159: a chip whose id begins like an ASN.1 tag is a chip all the same") {
  for (const int first : {0x02, 0x04, 0x30}) {
    SimulatedOptions options;
    options.report = [first](auto& report) {
      auto id = report.chip_id;
      id.mutable_view()[0] = static_cast<std::uint8_t>(first);
      id.mutable_view()[1] = 0x3e;
      report.chip_id = id;
    };
    options.certificate = [first](auto& shape) {
      (*value_of(shape, "4"))[0] = static_cast<std::uint8_t>(first);
      (*value_of(shape, "4"))[1] = 0x3e;
    };
    CHECK(Simulated(options).refusal() == "accepted");
  }
}

TEST_CASE("a microcode level of 128 and more is read from its two-byte INTEGER") {
  SimulatedOptions options;
  options.report = [](auto& report) {
    for (auto* tcb : {&report.firmware.reported, &report.firmware.committed,
                      &report.firmware.launch, &report.firmware.current}) {
      tcb->microcode = 255;
    }
  };
  CHECK(Simulated(options).refusal() == "accepted");
}

TEST_CASE("AMD's own CA certificates are not endorsements") {
  const auto vectors = test::genuine_case("milan/v3-vcek-dstack");
  for (const char* ca : {"ark", "ask", "asvk"}) {
    const auto der = test::amd_certificate("milan", ca);
    auto certificate = Certificate::parse(der, Reason::malformed_endorsement);
    REQUIRE(certificate);
    const auto parsed = snp::detail::parse_endorsement(*std::move(certificate));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().reason() == Reason::malformed_endorsement);
  }
}

TEST_CASE("a PEM file gives the same verdict as its DER") {
  const auto genuine = test::genuine_case("turin/v5-vcek-microsoft");
  const auto command = test::run_command("openssl x509 -inform DER -in '" + genuine.folder +
                                         "/vcek.der' -outform PEM");
  if (command.status != 0) SKIP("openssl is not installed");
  const FixedClock clock(genuine.inside());
  ReportFile file = genuine.file();
  file.endorsement = as_bytes(command.output);
  CHECK(authenticate_report(file, clock).verdict.authentic);
  const std::string twice = command.output + command.output;
  file.endorsement = as_bytes(twice);
  CHECK(authenticate_report(file, clock).verdict.reason == Reason::malformed_endorsement);
  const Bytes large(16385, 'x');
  file.endorsement = ByteView(large);
  CHECK(authenticate_report(file, clock).verdict.reason == Reason::malformed_endorsement);
}

}  // namespace ratls
