#include "swtpm.h"

#include <cstdlib>
#include <iostream>

namespace ratls::test {

namespace {

// SubjectPublicKeyInfo of an RSA-2048 key: the modulus stands behind 33 bytes of heads.
constexpr std::size_t kModulusOffset = 33;
constexpr std::size_t kModulusSize = 256;

void must(const CommandResult& result, const std::string& command) {
  if (result.status == 0) return;
  std::cerr << command << ": " << result.output << '\n';
  std::abort();
}

}  // namespace

std::unique_ptr<SwTpm> SwTpm::start() {
  if (run_command("command -v swtpm && command -v tpm2_quote").status != 0) return nullptr;
  std::unique_ptr<SwTpm> out(new SwTpm());
  const std::string command =
      "swtpm socket --tpm2 --daemon --flags not-need-init,startup-clear --tpmstate dir=" +
      out->folder_.path() + " --pid file=" + out->file("pid") +
      " --server type=unixio,path=" + out->file("tpm") +
      " --ctrl type=unixio,path=" + out->file("tpm.ctrl");
  must(run_command(command), command);
  return out;
}

SwTpm::~SwTpm() {
  run_command("kill $(cat " + file("pid") + ")");
}

void SwTpm::tool(const std::string& command) const {
  const std::string whole = "cd " + folder_.path() + " && TPM2TOOLS_TCTI=" + tcti() + " " + command;
  must(run_command(whole), whole);
}

Bytes SwTpm::make_ak() const {
  tool(
      "tpm2_createprimary -Q -C o -G rsa2048:rsassa-sha256:null -a "
      "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign' -c ak.ctx");
  tool("tpm2_evictcontrol -Q -C o -c ak.ctx 0x81000003");
  tool("tpm2_readpublic -Q -c 0x81000003 -f der -o ak.der");
  const Bytes spki = read_file(file("ak.der")).value();
  const ByteView modulus = ByteView(spki).subspan(kModulusOffset, kModulusSize);
  return {modulus.begin(), modulus.end()};
}

void SwTpm::define(const std::string& index, std::size_t size, ByteView value) const {
  Bytes whole(value.begin(), value.end());
  whole.resize(size);
  write_file(file("value"), whole);
  tool("tpm2_nvdefine -Q -C o -s " + std::to_string(size) + " -a 'ownerread|ownerwrite' " + index);
  tool("tpm2_nvwrite -Q -C o -i value " + index);
}

}  // namespace ratls::test
