// A store's key that only the TPM opens. swtpm stands in for one.

#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <cstdlib>

#include <ratls/services/broker/config.h>
#include <ratls/services/broker/store_key.h>
#include <ratls/services/broker/tpm_key.h>

#include "../../support/files.h"

namespace ratls {

namespace {

using broker::open_from_tpm;
using broker::seal_to_tpm;
using broker::TpmSealing;
using test::TemporaryFolder;

/// A software TPM behind a Unix socket of its own.
class SoftwareTpm {
 public:
  SoftwareTpm() {
    const auto started = test::run_command(
        "cd " + folder_.path() +
        " && swtpm socket --tpm2 --tpmstate dir=. --server type=unixio,path=tpm --ctrl"
        " type=unixio,path=tpm.ctrl --flags not-need-init,startup-clear --daemon --pid file=pid");
    running_ = started.status == 0;
  }
  SoftwareTpm(const SoftwareTpm&) = delete;
  SoftwareTpm& operator=(const SoftwareTpm&) = delete;
  ~SoftwareTpm() {
    if (running_) test::run_command("kill $(cat " + folder_.file("pid") + ")");
  }
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] std::string tcti() const { return "swtpm:path=" + folder_.file("tpm"); }

 private:
  TemporaryFolder folder_;
  bool running_ = false;
};

bool same(const seal::Key& a, const seal::Key& b) {
  return a.expose([&](ByteView x) { return b.expose([&](ByteView y) { return equal_ct(x, y); }); });
}

// No TPM to test with, or no support in this build.
bool absent(const SoftwareTpm& tpm) {
  return !tpm.running() || !seal_to_tpm(seal::generate_key(), {{}, tpm.tcti()});
}

}  // namespace

TEST_CASE("a key that a TPM sealed opens on that TPM, and on no other") {
  const SoftwareTpm tpm;
  if (absent(tpm)) SKIP("no swtpm here, or a build without RATLS_TPM");
  const auto key = seal::generate_key();
  const auto sealed = seal_to_tpm(key, {{}, tpm.tcti()});
  REQUIRE(sealed);
  const auto opened = open_from_tpm(as_bytes(*sealed));
  REQUIRE(opened);
  CHECK(same(*opened, key));
  const SoftwareTpm other;
  REQUIRE(other.running());
  std::string moved = *sealed;
  moved.replace(moved.find(tpm.tcti()), tpm.tcti().size(), other.tcti());
  const auto elsewhere = open_from_tpm(as_bytes(moved));
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().reason() == Reason::tpm_state_changed);
}

TEST_CASE("a key that is sealed to PCRs does not open once one of them has changed") {
  const SoftwareTpm tpm;
  if (absent(tpm)) SKIP("no swtpm here, or a build without RATLS_TPM");
  if (test::run_command("command -v tpm2_pcrextend").status != 0) SKIP("no tpm2-tools here");
  const auto key = seal::generate_key();
  const auto to_16 = seal_to_tpm(key, {{7, 16}, tpm.tcti()});
  const auto to_7 = seal_to_tpm(key, {{7}, tpm.tcti()});
  REQUIRE(to_16);
  REQUIRE(to_7);
  CHECK(open_from_tpm(as_bytes(*to_16)));
  REQUIRE(test::run_command("tpm2_pcrextend --tcti " + tpm.tcti() +
                            " 16:sha256=" + std::string(64, 'a'))
              .status == 0);
  const auto after = open_from_tpm(as_bytes(*to_16));
  REQUIRE_FALSE(after);
  CHECK(after.error().reason() == Reason::tpm_state_changed);
  const auto untouched = open_from_tpm(as_bytes(*to_7));
  REQUIRE(untouched);
  CHECK(same(*untouched, key));
}

TEST_CASE("a store's key comes out of a file that a TPM sealed, and a changed file opens nothing") {
  const SoftwareTpm tpm;
  if (absent(tpm)) SKIP("no swtpm here, or a build without RATLS_TPM");
  const TemporaryFolder folder;
  const auto key = seal::generate_key();
  const std::string sealed = seal_to_tpm(key, {{}, tpm.tcti()}).value();
  test::write_file(folder.file("sealed"), as_bytes(sealed));
  const auto read = broker::read_store_key("tpm:" + folder.file("sealed"));
  REQUIRE(read);
  CHECK(same(*read, key));
  const std::size_t inner = sealed.find("\"private\":\"") + 60;
  std::string changed = sealed;
  changed[inner] = changed[inner] == '0' ? '1' : '0';
  test::write_file(folder.file("sealed"), as_bytes(changed));
  CHECK(broker::read_store_key("tpm:" + folder.file("sealed")).error().reason() ==
        Reason::tpm_state_changed);
}

TEST_CASE("where there is no TPM the key is unavailable, and nothing else is tried") {
  const auto sealed = seal_to_tpm(seal::generate_key(), {{}, "device:/no/such/tpm"});
  REQUIRE_FALSE(sealed);
  CHECK(sealed.error().reason() == Reason::tpm_unavailable);
}

TEST_CASE("what is no sealed key, or would load a library of its own, is refused before any TPM") {
  const std::string tail = R"(,"pcrs":[],"public":"00","private":"00"})";
  for (const std::string& bad :
       {std::string("{}"), R"({"schema":"other","tcti":"device:/dev/tpm0")" + tail,
        R"({"schema":"ratls.tpm_key/1","tcti":"/tmp/library.so:x")" + tail,
        R"({"schema":"ratls.tpm_key/1","tcti":"cmd:sh")" + tail,
        std::string(R"({"schema":"ratls.tpm_key/1","tcti":"device:/d","pcrs":[24],)"
                    R"("public":"00","private":"00"})"),
        std::string(R"({"schema":"ratls.tpm_key/1","tcti":"device:/d","pcrs":[7,7],)"
                    R"("public":"00","private":"00"})"),
        std::string(R"({"schema":"ratls.tpm_key/1","tcti":"device:/d","pcrs":[],)"
                    R"("public":"xx","private":"00"})")}) {
    INFO(bad);
    CHECK(open_from_tpm(as_bytes(bad)).error().reason() == Reason::invalid_config);
  }
  CHECK(seal_to_tpm(seal::generate_key(), {{}, "cmd:sh"}).error().reason() ==
        Reason::invalid_config);
}

TEST_CASE("PCRs are numbers from 0 to 23, each once") {
  CHECK(broker::parse_pcrs("7,0,2").value() == std::vector<std::uint8_t>{0, 2, 7});
  CHECK(broker::parse_pcrs("").value().empty());
  for (const char* bad : {"24", "7,7", "7,", ",7", "a", "7 8", "-1", "256"}) {
    INFO(bad);
    CHECK(broker::parse_pcrs(bad).error().reason() == Reason::invalid_config);
  }
}

}  // namespace ratls
