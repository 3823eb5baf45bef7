// Judges a file of cases by authenticate_report(), a line a case: "authentic" or the reason's code.
//
// Usage: differential_batch ROOTS CASES
//   ROOTS   lines "milan|genoa|turin ARK ASK ASVK", SubjectPublicKeyInfo in hex: simulators that
//           are believed besides AMD
//   CASES   one after the other: three little-endian numbers (u32 size of the report, u32 size of
//           the certificate, 0xffffffff for none, u64 Unix time), the report, the certificate
// Exit codes: 0 all were judged, 65 a file is malformed.
#include <iostream>
#include <sstream>

#include <ratls/core/reader.h>
#include <ratls/verify/verifier.h>

#include "tests/support/files.h"

namespace {

using namespace ratls;

constexpr std::uint32_t kNone = 0xffffffff;

Result<std::vector<SimulatorRoot>> read_roots(const std::string& text) {
  std::vector<SimulatorRoot> out;
  std::istringstream lines(text);
  std::string line;
  std::string ark;
  std::string ask;
  std::string asvk;
  while (lines >> line >> ark >> ask >> asvk) {
    const auto product = snp::parse_product(line);
    const auto keys = {from_hex(ark), from_hex(ask), from_hex(asvk)};
    if (!product || !*keys.begin() || !*(keys.begin() + 1) || !*(keys.begin() + 2)) {
      return Error(Reason::invalid_config, "the roots are malformed");
    }
    out.push_back(
        {snp::line_of(*product), **keys.begin(), **(keys.begin() + 1), **(keys.begin() + 2)});
  }
  return out;
}

Result<std::string> judge(Reader& cases, const RootOfTrust& roots) {
  RATLS_TRY(const std::uint32_t report_size, cases.u32le("size of the report"));
  RATLS_TRY(const std::uint32_t endorsement_size, cases.u32le("size of the certificate"));
  RATLS_TRY(const std::uint64_t when, cases.u64le("time"));
  ReportFile file;
  RATLS_TRY(file.report, cases.bytes(report_size, "report"));
  if (endorsement_size != kNone) {
    RATLS_TRY(file.endorsement, cases.bytes(endorsement_size, "certificate"));
  }
  const FixedClock clock(Timestamp{static_cast<std::int64_t>(when)});
  const auto outcome = authenticate_report(file, roots, clock);
  const auto& refused = outcome.verdict.reason;
  if (outcome.accepted.has_value() == refused.has_value()) return std::string("contradiction");
  return std::string(refused ? code(*refused) : "authentic");
}

Result<void> run(const std::string& roots_file, const std::string& cases_file) {
  const auto roots_text = test::read_file(roots_file);
  const auto cases = test::read_file(cases_file);
  if (!roots_text || !cases) return Error(Reason::io_error, "a file cannot be read");
  RATLS_TRY(const auto simulators, read_roots(to_string(*roots_text)));
  RATLS_TRY(const auto roots, RootOfTrust::amd_and_simulators(simulators));
  Reader reader(*cases, Reason::invalid_config);
  while (!reader.empty()) {
    RATLS_TRY(const std::string said, judge(reader, roots));
    std::cout << said << '\n';
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() != 3) {
    std::cerr << "usage: differential_batch ROOTS CASES\n";
    return 64;
  }
  const auto done = run(arguments[1], arguments[2]);
  if (done) return 0;
  std::cerr << "differential_batch: " << done.error().message() << '\n';
  return 65;
}
