// A host updates its firmware while guests run: reports and certificates follow.
#include <ratls/certgen/sim/guest.h>

#include <cstdlib>

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/attester.h>
#include <ratls/certgen/detail/endorsement_of.h>
#include <ratls/certgen/detail/tcb_of.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

#include "../support/files.h"
#include "../support/sim_folder.h"

using namespace ratls;

namespace {

constexpr sim::Tcb kUpdated{0, 4, 0, 28, 223};

Bytes table_with(const Bytes& leaf) {
  Writer out;
  out.bytes(*from_hex("63da758de6644564adc5f4b93be8accd")).u32le(48);
  return std::move(out.u32le(static_cast<std::uint32_t>(leaf.size())).zeros(24).bytes(leaf)).take();
}

/// A machine of its own, so that no other test sees its update.
struct Machine {
  Machine() {
    REQUIRE(test::run_command("cp -r " + test::sim_folder() + " " + path).status == 0);
    source = sim::open_guest("sim:" + path, {}).value();
  }
  [[nodiscard]] AttestationReport report() { return source->get(ReportData()).value(); }

  test::TemporaryFolder folder;
  std::string path = folder.file("sim");
  std::unique_ptr<ReportSource> source;
};

}  // namespace

TEST_CASE("the level in a certificate is the one that it was made for") {
  auto authority = test::open_authority();
  const auto product = sim::Product::milan;
  const auto tcb = sim::recent_firmware(product).reported;
  const auto made = authority.vcek({product, authority.chip_id(product, "c"), tcb, Timestamp{0}});
  REQUIRE(made);
  const auto read = detail::tcb_of_leaf(made->certificate);
  REQUIRE(read);
  CHECK(read->array() == sim::encode(product, tcb));
  CHECK_FALSE(detail::tcb_of_leaf(as_bytes("no certificate")));
  CHECK_FALSE(reported_tcb(Bytes(1183, 0)));
}

TEST_CASE("levels of genuine certificates are those of the reports that they belong to") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("no genuine evidence here");
  const auto listed =
      test::run_command("cd " + *vectors + " && ls -d */*/ | grep -v -e derived -e certs -e neg-");
  int compared = 0;
  std::size_t at = 0;
  for (std::size_t end = 0; (end = listed.output.find('\n', at)) != std::string::npos;
       at = end + 1) {
    const std::string folder = *vectors + "/" + listed.output.substr(at, end - at);
    const auto report = test::read_file(folder + "report.bin");
    auto leaf = test::read_file(folder + "vcek.der");
    if (!leaf) leaf = test::read_file(folder + "vlek.der");
    if (!report || !leaf) continue;
    CAPTURE(folder);
    CHECK(detail::tcb_of_leaf(*leaf) == reported_tcb(*report));
    ++compared;
  }
  CHECK(compared >= 10);
}

TEST_CASE(
    "after an update of the firmware the next report and its certificate have the new level") {
  Machine machine;
  const auto before = machine.report();
  CHECK(reported_tcb(before.report) == detail::tcb_of_leaf(*before.endorsement));
  REQUIRE(sim::update_firmware(machine.path, kUpdated));
  const auto after = machine.report();
  CHECK(reported_tcb(after.report) != reported_tcb(before.report));
  CHECK(reported_tcb(after.report)->array() == sim::encode(sim::Product::milan, kUpdated));
  CHECK(reported_tcb(after.report) == detail::tcb_of_leaf(*after.endorsement));
  REQUIRE(sim::update_firmware(machine.path, {0, 4, 0, 28, 224}));
  CHECK(reported_tcb(machine.report().report) != reported_tcb(after.report));
}

TEST_CASE(
    "a host that goes on giving the certificate of before costs the certificate, not the report") {
  Machine machine;
  const auto before = machine.report();
  REQUIRE(sim::update_firmware(machine.path, kUpdated));
  const auto after = machine.report();
  const auto stale = detail::with_endorsement(after.report, table_with(*before.endorsement), {});
  REQUIRE(stale);
  CHECK_FALSE(stale->endorsement);
  const auto fresh = detail::with_endorsement(after.report, table_with(*after.endorsement), {});
  REQUIRE(fresh);
  CHECK(fresh->endorsement == after.endorsement);
}

TEST_CASE("sessions of one attester are served with the new certificate after an update") {
  Machine machine;
  Attester attester(*machine.source);
  REQUIRE(attester.start());
  const auto level = [&] {
    const auto evidence = attester.begin({Role::client, Level::key, std::nullopt, {}}).take();
    const auto envelope = EvidenceEnvelope::decode(evidence.value()).value();
    CHECK(detail::tcb_of_leaf(*envelope.endorsement) == reported_tcb(envelope.report));
    return reported_tcb(envelope.report);
  };
  const auto before = level();
  REQUIRE(sim::update_firmware(machine.path, kUpdated));
  CHECK(level() != before);
}

TEST_CASE("a level is read as it is written, and nothing else is one") {
  using sim::Product;
  const auto milan = sim::parse_tcb("4/0/28/223", Product::milan);
  REQUIRE(milan);
  CHECK(*milan == kUpdated);
  CHECK(sim::text_of(*milan, Product::milan) == "4/0/28/223");
  const auto turin = sim::parse_tcb("1/2/3/4/5", Product::turin);
  REQUIRE(turin);
  CHECK(sim::text_of(*turin, Product::turin) == "1/2/3/4/5");
  for (const char* text : {"", "4", "4/0/28", "4/0/28/", "4/0/28/256", "4/0/28/223/",
                           "4/0/28/223/1", "4/0//223", "-4/0/28/223", "4/0/28/223 "}) {
    CAPTURE(text);
    CHECK_FALSE(sim::parse_tcb(text, Product::milan));
  }
  Machine machine;
  test::write_file(machine.path + "/firmware-milan", as_bytes("nonsense"));
  REQUIRE(::system(("chmod 600 " + machine.path + "/firmware-milan").c_str()) == 0);
  CHECK(machine.source->get({}).error().reason() == Reason::invalid_config);
}
