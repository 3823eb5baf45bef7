// The collateral store: what it takes, and what it gives back.

#include <sys/stat.h>

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include <ratls/core/x509.h>

#include "tests/verify/genuine.h"
#include "tests/verify/stored.h"

namespace ratls {

namespace {

using test::crl;
using test::said;
using test::Stored;
using test::vcek;
using test::vcek_query;
using test::vlek;
using test::vlek_query;

constexpr auto kVcekList = snp::SigningKeyKind::vcek;
constexpr auto kVlekList = snp::SigningKeyKind::vlek;

CrlQuery milan_list(snp::SigningKeyKind list = kVcekList) {
  return {snp::ProductLine::milan, list, std::nullopt};
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a VCEK is found again by chip and TCB, and by nothing else") {
  Stored in;
  CHECK_FALSE(in.store.endorsement(vcek_query("a")));
  const Bytes der = vcek("a");
  CHECK(said(in.store.put_certificate(der)) == "stored");
  CHECK(in.store.endorsement(vcek_query("a")) == der);
  CHECK_FALSE(in.store.endorsement(vcek_query("b")));
  CHECK_FALSE(in.store.endorsement(vcek_query("a", 221)));
  CHECK_FALSE(in.store.endorsement(vlek_query()));
  CHECK_FALSE(in.store.endorsement(vcek_query("a", 222, sim::Product::genoa)));
  auto unnamed = vcek_query("a");
  unnamed.line.reset();
  CHECK(in.store.endorsement(unnamed) == der);
  auto masked = vcek_query("a");
  masked.chip_id = {};
  CHECK_FALSE(in.store.endorsement(masked));
  CHECK(in.problems.empty());
}

TEST_CASE("on Turin the FMC is part of the name and 8 bytes are the chip") {
  test::TemporaryFolder temporary;
  CollateralStore store(temporary.file("s"), test::simulated_roots({sim::Product::turin}));
  const Bytes der = vcek("t", 81, sim::Product::turin);
  REQUIRE(said(store.put_certificate(der)) == "stored");
  auto query = vcek_query("t", 81, sim::Product::turin);
  CHECK(store.endorsement(query) == der);
  auto other_fmc = query;
  other_fmc.reported_tcb.fmc = static_cast<std::uint8_t>(*query.reported_tcb.fmc + 1);
  CHECK_FALSE(store.endorsement(other_fmc));
  auto long_id = query;
  long_id.chip_id.mutable_view()[8] = 1;
  CHECK_FALSE(store.endorsement(long_id));
}

TEST_CASE("the same again changes nothing, a later issue replaces, an earlier one does not") {
  Stored in;
  const Bytes older = vcek("a", 222, sim::Product::milan, {test::kNow.unix_seconds - 9999});
  const Bytes newer = vcek("a");
  CHECK(said(in.store.put_certificate(older)) == "stored");
  CHECK(said(in.store.put_certificate(older)) == "already_there");
  CHECK(said(in.store.put_certificate(newer)) == "stored");
  CHECK(said(in.store.put_certificate(older)) == "kept_newer");
  CHECK(in.store.endorsement(vcek_query("a")) == newer);
}

TEST_CASE("of several VLEKs for one TCB the latest issued is given") {
  Stored in;
  const Bytes early = vlek("CN=early.invalid", {test::kNow.unix_seconds - 9999});
  const Bytes late = vlek("CN=late.invalid");
  CHECK(said(in.store.put_certificate(late)) == "stored");
  CHECK(said(in.store.put_certificate(early)) == "stored");
  CHECK(in.store.endorsement(vlek_query()) == late);
  CHECK(in.store.list().value().items.size() == 2);
}

TEST_CASE("a certificate that is not the wanted one is refused for what is wrong with it") {
  Stored in;
  const auto wanted = vcek_query("a");
  CHECK(said(in.store.put_endorsement(wanted, vcek("b"))) == "chip_id_mismatch");
  CHECK(said(in.store.put_endorsement(wanted, vcek("a", 221))) == "tcb_mismatch");
  CHECK(said(in.store.put_endorsement(wanted, vlek("CN=x"))) == "signing_key_mismatch");
  auto genoa = wanted;
  genoa.line = snp::ProductLine::genoa;
  CHECK(said(in.store.put_endorsement(genoa, vcek("a"))) == "product_mismatch");
  CHECK(said(in.store.put_endorsement(wanted, crl(1))) == "signing_key_mismatch");
  CHECK_FALSE(std::filesystem::exists(in.folder));
  CHECK(said(in.store.put_endorsement(wanted, vcek("a"))) == "stored");
}

TEST_CASE("nothing is stored that no trusted root signed") {
  Stored in;
  Bytes forged = vcek("a");
  forged.back() ^= 1U;
  CHECK(said(in.store.put_certificate(forged)) == "chain_untrusted");
  test::TemporaryFolder temporary;
  CollateralStore strict(temporary.file("s"), RootOfTrust::amd());
  CHECK(said(strict.put_certificate(vcek("a"))) == "simulated_not_allowed");
  CHECK(said(strict.put_crl(kVcekList, crl(1))) == "crl_invalid");
  const auto ask = test::authority().certificate(sim::Product::milan, sim::Ca::ask).value();
  CHECK(said(strict.put_certificate(ask)) == "chain_untrusted");
  CHECK(said(in.store.put_certificate(crl(1))) == "malformed_endorsement");
  CHECK(said(in.store.put_crl(kVcekList, vcek("a"))) == "crl_invalid");
  for (const std::string_view junk : {"", "0", "<html>404</html>", "{}"}) {
    CHECK(said(in.store.put_certificate(as_bytes(junk))) == "malformed_collateral");
    CHECK(said(in.store.put_crl(kVcekList, as_bytes(junk))) == "malformed_collateral");
  }
  CHECK_FALSE(std::filesystem::exists(in.folder));
}

TEST_CASE("CA certificates are stored if they hold the pinned keys") {
  Stored in;
  for (const sim::Ca ca : {sim::Ca::ark, sim::Ca::ask, sim::Ca::asvk}) {
    const Bytes der = test::authority().certificate(sim::Product::milan, ca).value();
    CHECK(said(in.store.put_certificate(der)) == "stored");
    Bytes forged = der;
    forged.back() ^= 1U;
    CHECK(said(in.store.put_certificate(forged)) == "chain_untrusted");
  }
  CHECK(in.store.list().value().items.size() == 3);
}

TEST_CASE("an older revocation list never takes the place of a newer one") {
  Stored in;
  const Timestamp now = test::kNow;
  const Timestamp later{now.unix_seconds + 1};
  REQUIRE(said(in.store.put_crl(kVcekList, crl(5, now))) == "stored");
  CHECK(said(in.store.put_crl(kVcekList, crl(4, now))) == "crl_rollback");
  CHECK(said(in.store.put_crl(kVcekList, crl(4, later))) == "crl_rollback");
  CHECK(said(in.store.put_crl(kVcekList, crl(6, Timestamp{now.unix_seconds - 1}))) ==
        "crl_rollback");
  CHECK(said(in.store.put_crl(kVcekList, crl(5, now))) == "already_there");
  CHECK(in.store.crl(milan_list()).has_value());
  const Bytes next = crl(6, later);
  CHECK(said(in.store.put_crl(kVcekList, next)) == "stored");
  CHECK(in.store.crl(milan_list()) == next);
  const auto refused = in.store.put_crl(kVcekList, crl(5, now));
  CHECK(refused.error().detail() ==
        "number 0x05 of 2026-11-23T00:00:00Z; stored is number 0x06 of 2026-11-23T00:00:01Z");
}

TEST_CASE("AMD's two lists of a line are kept apart, and so are lines and roots") {
  Stored in;
  const Bytes list = crl(7);
  REQUIRE(said(in.store.put_crl(kVcekList, list)) == "stored");
  CHECK_FALSE(in.store.crl(milan_list(kVlekList)));
  CHECK(said(in.store.put_crl(kVlekList, crl(3))) == "stored");
  CHECK(in.store.crl(milan_list()) == list);
  CHECK_FALSE(in.store.crl({snp::ProductLine::genoa, kVcekList, std::nullopt}));
  auto query = milan_list();
  query.ark = in.store.list().value().items.front().item.ark;
  CHECK(in.store.crl(query) == list);
  CHECK(said(in.store.put_crl(query, crl(8))) == "stored");
  query.ark = Sha256Digest{};
  CHECK_FALSE(in.store.crl(query));
  CHECK(said(in.store.put_crl(query, crl(9))) == "crl_invalid");
  query = {snp::ProductLine::genoa, kVcekList, std::nullopt};
  CHECK(said(in.store.put_crl(query, crl(9))) == "crl_invalid");
}

TEST_CASE("the folder is the owner's alone, and a wider one is warned of") {
  Stored in;
  CHECK(in.store.warnings().empty());
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  CHECK(mode_of(in.folder) == 0700);
  CHECK(mode_of(in.folder + "/objects") == 0700);
  CHECK(mode_of(in.only_file("objects")) == 0600);
  CHECK(mode_of(in.only_file("vcek")) == 0600);
  CHECK(in.store.warnings().empty());
  std::filesystem::permissions(in.folder, std::filesystem::perms(0777));
  REQUIRE(in.store.warnings().size() == 1);
  CHECK(in.store.warnings().front().find("chmod 700") != std::string::npos);
  CHECK(in.store.endorsement(vcek_query("a")).has_value());
}

TEST_CASE("what an appraisal lacked is passed on") {
  std::vector<std::string> wanted;
  CollateralStoreOptions options;
  options.on_wanted_endorsement = [&](const EndorsementQuery& query) {
    wanted.push_back(query.reported_tcb.text());
  };
  options.on_wanted_crl = [&](const CrlQuery& query) {
    wanted.emplace_back(snp::amd_name(query.line));
  };
  Stored in(options);
  in.store.wanted(vcek_query("a"));
  in.store.wanted(milan_list());
  CHECK(wanted == std::vector<std::string>{"bl 4 tee 0 snp 27 ucode 222", "Milan"});
  Stored silent;
  silent.store.wanted(vcek_query("a"));
  silent.store.wanted(milan_list());
}

TEST_CASE("a full store sweeps what nothing leads to, and then refuses") {
  CollateralStoreOptions options;
  options.max_objects = 2;
  Stored in(options);
  REQUIRE(said(in.store.put_crl(kVcekList, crl(1))) == "stored");
  REQUIRE(said(in.store.put_crl(kVcekList, crl(2))) == "stored");
  REQUIRE(said(in.store.put_crl(kVcekList, crl(3))) == "stored");
  REQUIRE(said(in.store.put_certificate(vcek("a"))) == "stored");
  CHECK(in.store.list().value().objects == 2);
  CHECK(said(in.store.put_certificate(vcek("b"))) == "collateral_full");
  CHECK_FALSE(in.store.endorsement(vcek_query("b")));
  CHECK(in.store.endorsement(vcek_query("a")).has_value());
  options.max_objects = 100;
  options.max_bytes = 3000;
  Stored small(options);
  REQUIRE(said(small.store.put_certificate(vcek("a"))) == "stored");
  REQUIRE(said(small.store.put_certificate(vcek("b"))) == "stored");
  CHECK(said(small.store.put_certificate(vcek("c"))) == "collateral_full");
}

TEST_CASE("AMD's own certificates are stored under AMD's roots") {
  const auto vectors = test::shared_vectors();
  if (!vectors) SKIP("no genuine evidence beside the project");
  test::TemporaryFolder temporary;
  CollateralStore store(temporary.file("s"), RootOfTrust::amd());
  std::size_t stored = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*vectors)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || entry.path().string().find("derived") != std::string::npos) {
      continue;
    }
    const auto file = test::read_file(entry.path().string());
    const auto certificate = Certificate::parse_der_or_pem(*file, Reason::malformed_certificate);
    if (!certificate) continue;
    const auto put = store.put_certificate(certificate->der());
    if (put && put->outcome == PutOutcome::stored) ++stored;
  }
  const auto listing = store.list().value();
  CHECK(listing.problems.empty());
  CHECK(stored > 20);
  CHECK(listing.items.size() > 20);
}

}  // namespace ratls
