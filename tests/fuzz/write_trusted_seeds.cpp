// Writes the seeds that only a simulator can sign: write_trusted_seeds CORPUS_FOLDER. Its keys are
// new for every build folder, so the bytes differ from run to run; what they say does not.
#include <cstdio>
#include <filesystem>

#include <ratls/verify/minisign.h>

#include "tests/support/files.h"
#include "tests/verify/simulated.h"

using namespace ratls;
using test::Simulated;
using test::SimulatedOptions;

namespace {

// Signs these seeds and nothing else; signature_fuzz.cpp has its public half.
constexpr std::string_view kSecretKey =
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAT13t8H/7lsGy0RWfYD"
    "jlQedpYDMVDpety9Ynxsp871YvNylMSCzAASxPaV9rHcVLVb5c6Mw8mt4ABxa1/"
    "ahglen5di43Zxeyo7d7vNDm5j9mo8JBPIlMhnngFxVQYqz9/W5Fvau5Qok=";

std::string folder;

void put(const std::string& target, const std::string& name, ByteView bytes) {
  std::filesystem::create_directories(folder + "/" + target);
  test::write_file(folder + "/" + target + "/" + name, bytes);
}

void append_part(Bytes& out, ByteView part) {
  out.push_back(static_cast<std::uint8_t>(part.size() >> 8U));
  out.push_back(static_cast<std::uint8_t>(part.size()));
  append(out, part);
}

Bytes input(const Simulated& from, ByteView crl) {
  Bytes out{static_cast<std::uint8_t>(from.root.line)};
  for (const ByteView part :
       {ByteView(from.root.ark), ByteView(from.root.ask), ByteView(from.root.asvk),
        ByteView(from.report), ByteView(from.endorsement), crl}) {
    append_part(out, part);
  }
  return out;
}

Bytes list(sim::Product product, bool revoked) {
  sim::CrlOptions options;
  options.this_update = {test::kNow.unix_seconds - 3600};
  options.next_update = {test::kNow.unix_seconds + 360000};
  if (revoked) options.revoked = {sim::Ca::ask};
  return test::authority().crl(product, options).value();
}

// One entry, and the one of zeros that ends the table; the VCEK behind them.
Bytes table(const Simulated& from) {
  Bytes out = *from_hex("63da758de6644564adc5f4b93be8accd30000000");
  const auto size = static_cast<std::uint32_t>(from.endorsement.size());
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  out.resize(48);
  append(out, from.endorsement);
  return out;
}

void put_signatures() {
  const auto key = MinisignSecretKey::parse(
                       as_bytes("untrusted comment: none\n" + std::string(kSecretKey) + "\n"))
                       .value();
  const std::string good = key.sign(as_bytes("a policy"), "what its signer said").value();
  put("signature", "good", as_bytes(good));
  put("signature", "of_another", as_bytes(key.sign(as_bytes("x"), "what its signer said").value()));
  put("signature", "public_key", as_bytes(key.public_key().file()));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: write_trusted_seeds CORPUS_FOLDER\n", stderr);
    return 64;
  }
  folder = arguments[1];
  put_signatures();
  for (const auto product : {sim::Product::milan, sim::Product::genoa, sim::Product::turin}) {
    const std::string name(sim::name(product));
    SimulatedOptions options;
    options.product = product;
    const Simulated vcek(options);
    options.vlek = true;
    const Simulated vlek(options);
    put("trusted", name + "_vcek", input(vcek, {}));
    put("trusted", name + "_vlek_with_list", input(vlek, list(product, false)));
    put("certificate_table", "with_" + name, table(vcek));
    put("crl_check", name, input(vcek, list(product, false)));
    put("crl_check", name + "_revoked", input(vcek, list(product, true)));
  }
  return 0;
}
