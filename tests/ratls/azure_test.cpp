// Whole attested handshakes of Azure guests: simulated ones, and one whose vTPM is swtpm.
#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/azure_source.h>
#include <ratls/certgen/detail/azure_leaf.h>
#include <ratls/certgen/detail/thim.h>
#include <ratls/certgen/detail/vtpm.h>
#include <ratls/certgen/sim/azure_guest.h>
#include <ratls/certgen/sim/policy_text.h>
#include <ratls/core/base64.h>
#include <ratls/core/json.h>
#include <ratls/verify/policy_json.h>

#include "../support/files.h"
#include "../support/local_server.h"
#include "../support/sim_world.h"
#include "../support/swtpm.h"
#include "attested_world.h"

using namespace ratls;
using ratls::test::SessionPair;
using ratls::test::SwTpm;

namespace {

constexpr std::size_t kIndexSize = 2048;  // the most that swtpm has; Azure's holds 2600 bytes

/// A verifier that accepts the simulated machine with these PCRs.
class AzureWorld {
 public:
  std::shared_ptr<const Verifier> verifier(const PcrValues& pcrs) {
    std::string values;
    for (const std::uint32_t index : {4U, 7U}) {
      values += (values.empty() ? "\"" : ", \"") + std::to_string(index) + "\": [\"" +
                pcrs.at(index).hex() + "\"]";
    }
    std::string text = sim::policy_json(world.authority(), world.policy_options()).value();
    text.insert(text.find("\"covers\""), R"("tpm_pcrs": {"sha256": {)" + values + "}}, ");
    return std::make_shared<const Verifier>(parse_policy(as_bytes(text)).value(), world.clock());
  }
  [[nodiscard]] std::shared_ptr<const CertificateIdentity> pinned() const {
    return std::make_shared<const CertificateIdentity>(
        CertificateIdentity::create(folder.file("pinned.pem")).value());
  }

  test::TemporaryFolder folder;
  test::SimWorld world;
};

/// Why the broker refused; nothing where it accepted.
std::optional<Reason> refusal(const AttestedIdentity& guest,
                              const std::shared_ptr<const Verifier>& verifier,
                              const std::shared_ptr<const CertificateIdentity>& broker) {
  SessionPair pair(ClientConfig(guest, AcceptKey{broker->spki_sha256()}),
                   ServerConfig(broker, AcceptEvidence{verifier}));
  if (pair.server.state() != Session::State::open) return pair.server.failure()->reason();
  CHECK(pair.server.peer()->attested()->level() == Level::exporter);
  CHECK(pair.client.poll_acceptance().value());
  return std::nullopt;
}

/// A TPM whose paravisor's report names its own key, signed by the simulated processor.
std::unique_ptr<SwTpm> azure_tpm(test::SimWorld& world) {
  auto tpm = SwTpm::start();
  if (tpm == nullptr) return nullptr;
  const std::string runtime = sim::runtime_data_json(tpm->make_ak());
  const auto report = world.processor()->get(sim::paravisor_report_data(as_bytes(runtime))).value();
  tpm->define("0x01400001", kIndexSize, sim::encode_hcl_report(report.report, as_bytes(runtime)));
  return tpm;
}

/// The machine's metadata service, as Azure's answers.
class Thim {
 public:
  explicit Thim(const Bytes& vcek)
      : server_([body = "{\"vcekCert\":" + json::quoted(pem_of(vcek)) + "}"](int fd) {
          test::send_text(fd, test::http_answer(body));
        }) {}

  /// The source under test, on this TPM.
  [[nodiscard]] Result<std::unique_ptr<AzureSource>> source(const SwTpm& tpm) const {
    RATLS_TRY(auto door, detail::open_vtpm(tpm.tcti()));
    const detail::ThimPlace place{0x7f000001, server_.port(), std::chrono::seconds(20)};
    auto leaf =
        std::make_unique<detail::AzureLeaf>([place] { return detail::ask_thim(place); }, Say());
    return std::make_unique<AzureSource>(std::move(door), std::move(leaf), AzureSource::Patience());
  }
  [[nodiscard]] std::size_t requests() const { return server_.requests().size(); }

 private:
  static std::string pem_of(ByteView der) {
    return "-----BEGIN CERTIFICATE-----\n" + to_base64(der) + "\n-----END CERTIFICATE-----\n";
  }
  test::LocalServer server_;
};

constexpr const char* kNoSwtpm =
    "swtpm or tpm2-tools is not installed, so nothing is tested against a TPM";

}  // namespace

TEST_CASE("an Azure guest attests itself to a broker in its handshake, at level 3") {
  AzureWorld azure;
  const auto processor = azure.world.processor();
  auto source = sim::AzureGuest::make(*processor).value();
  const PcrValues pcrs = source->vtpm().pcrs;
  const AttestedIdentity guest(test::start_attester(std::move(source)));
  const auto broker = azure.pinned();
  CHECK_FALSE(refusal(guest, azure.verifier(pcrs), broker));
  PcrValues other = pcrs;
  other[7] = Sha256Digest();
  CHECK(refusal(guest, azure.verifier(other), broker) == Reason::pcr_not_allowed);
}

TEST_CASE("a server on Azure attests itself inside its Certificate, at level 2") {
  AzureWorld azure;
  const auto processor = azure.world.processor();
  auto source = sim::AzureGuest::make(*processor).value();
  const PcrValues pcrs = source->vtpm().pcrs;
  const AttestedIdentity server(test::start_attester(std::move(source)));
  const ClientConfig client(Anonymous{}, AcceptEvidence{azure.verifier(pcrs)});
  Session one = Session::client(client).value();
  Session other =
      Session::server(ServerConfig(server, AcceptKey{azure.pinned()->spki_sha256()})).value();
  test::run(one, other);
  REQUIRE(one.state() == Session::State::open);
  CHECK(one.peer()->attested()->level() == Level::handshake);
}

TEST_CASE("a guest with a TPM attests itself through tpm2-tss, and only with its own TPM") {
  AzureWorld azure;
  const auto tpm = azure_tpm(azure.world);
  if (tpm == nullptr) SKIP(kNoSwtpm);
  const Thim thim(azure.world.processor()->endorsement());
  auto opened = thim.source(*tpm);
  if (!opened && opened.error().detail().find("no TPM support") != std::string::npos) {
    SKIP("this build has no tpm2-tss (RATLS_TPM), so nothing is tested against a TPM");
  }
  REQUIRE(opened);
  const AttestedIdentity guest(test::start_attester(std::move(opened).value()));
  const auto broker = azure.pinned();
  const PcrValues zeros{{4, Sha256Digest()}, {7, Sha256Digest()}};
  CHECK_FALSE(refusal(guest, azure.verifier(zeros), broker));
  tpm->tool("tpm2_pcrextend 7:sha256=" + std::string(64, 'a'));
  CHECK(refusal(guest, azure.verifier(zeros), broker) == Reason::pcr_not_allowed);
  CHECK(thim.requests() == 1);
}

TEST_CASE("a paravisor's report that names another TPM's key is refused") {
  AzureWorld azure;
  const auto tpm = azure_tpm(azure.world);
  if (tpm == nullptr) SKIP(kNoSwtpm);
  const std::string runtime = sim::runtime_data_json(sim::Vtpm::make().value()->modulus());
  const auto report =
      azure.world.processor()->get(sim::paravisor_report_data(as_bytes(runtime))).value();
  test::write_file(tpm->file("other"), sim::encode_hcl_report(report.report, as_bytes(runtime)));
  tpm->tool("tpm2_nvwrite -Q -C o -i other 0x01400001");
  const Thim thim(azure.world.processor()->endorsement());
  auto opened = thim.source(*tpm);
  if (!opened) SKIP("this build has no tpm2-tss (RATLS_TPM)");
  const AttestedIdentity guest(test::start_attester(std::move(opened).value()));
  const PcrValues zeros{{4, Sha256Digest()}, {7, Sha256Digest()}};
  CHECK(refusal(guest, azure.verifier(zeros), azure.pinned()) == Reason::quote_signature_invalid);
}

TEST_CASE("a TPM without a paravisor's report, or without its key, is no Azure VM") {
  const auto tpm = SwTpm::start();
  if (tpm == nullptr) SKIP(kNoSwtpm);
  const auto none = AzureSource::open(tpm->tcti());
  REQUIRE_FALSE(none);
  CHECK(none.error().reason() == Reason::no_report_device);
  tpm->define("0x01400001", kIndexSize,
              sim::encode_hcl_report(Bytes(kSnpReportSize, 1), as_bytes("{}")));
  const auto opened = AzureSource::open(tpm->tcti());
  if (!opened) SKIP("this build has no tpm2-tss (RATLS_TPM)");
  const auto keyless = (*opened)->get(ReportData());
  REQUIRE_FALSE(keyless);
  CHECK(keyless.error().detail().find("0x81000003") != std::string::npos);
}
