// A build without tpm2-tss (RATLS_TPM=OFF): this program is linked with the files that stand in for
// it.

#include <catch2/catch_test_macros.hpp>

#include <ratls/certgen/azure_source.h>
#include <ratls/certgen/detail/vtpm.h>
#include <ratls/certgen/doctor/doctor.h>
#include <ratls/certgen/open_source.h>
#include <ratls/services/broker/tpm_key.h>

using namespace ratls;

TEST_CASE("without tpm2-tss the source azure-vtpm says that this build cannot, and what can") {
  CHECK_FALSE(detail::has_vtpm_support());
  for (const char* name : {"azure-vtpm", "azure", "azure-vtpm:swtpm:path=/x"}) {
    INFO(name);
    const auto source = open_report_source(name);
    REQUIRE_FALSE(source);
    CHECK(source.error().reason() == Reason::no_report_device);
    CHECK(source.error().detail().find("this build of ratls has no TPM support") !=
          std::string::npos);
    CHECK(source.error().detail().find("-DRATLS_TPM=ON (libtss2-dev)") != std::string::npos);
  }
}

TEST_CASE("without tpm2-tss the source auto goes on to say what it says elsewhere") {
  const auto source = open_report_source("auto");
  if (source) SKIP("this machine has another door");
  CHECK(source.error().reason() == Reason::no_report_device);
  CHECK(source.error().detail().find("TPM") == std::string::npos);
}

TEST_CASE("without tpm2-tss the doctor of an Azure machine names the build") {
  const FixedClock clock(Timestamp{1'800'000'000});
  const auto facts = doctor::look_at({"/nonexistent", {}, "device:/dev/tpmrm0", true}, clock);
  const auto diagnosis = doctor::diagnose(facts);
  CHECK(diagnosis.door == doctor::Door::none);
  const std::string text = doctor::text_of(diagnosis.checks);
  INFO(text);
  CHECK(text.find(" FAIL  azure vtpm        this build of ratls has no TPM support\n") !=
        std::string::npos);
  CHECK(text.find("fix   build it with -DRATLS_TPM=ON (libtss2-dev)\n") != std::string::npos);
}

TEST_CASE("without tpm2-tss a store key is not sealed, and none is opened") {
  const auto sealed = broker::seal_to_tpm(seal::generate_key(), {});
  REQUIRE_FALSE(sealed);
  CHECK(sealed.error().reason() == Reason::tpm_unavailable);
}
