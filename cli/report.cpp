// ratls report: raw evidence of the machine that it runs on.

#include <cstdio>
#include <memory>

#include <ratls/certgen/sim/guest.h>

#include "channel_options.h"
#include "output.h"

namespace ratls::cli {

namespace {

constexpr const char* kExamples =
    "\nWhoever may run this speaks for the guest: REPORT_DATA is what a verifier believes. Give "
    "the\n"
    "device to nobody but ratls.\n"
    "\nEXAMPLES\n"
    "  ratls report --out report.bin --certs vcek.der\n"
    "  ratls report --report-data $(printf nonce | sha512sum | cut -d' ' -f1) --out report.bin\n"
    "  ratls inspect report report.bin; ratls verify report report.bin --policy P.json\n";

struct Options {
  std::string source = "auto";
  std::string report_data;
  std::string out = "-";
  std::string certs;
};

Exit run(const Options& options) {
  ReportData data;
  if (!options.report_data.empty()) {
    const auto given = ReportData::parse_hex(options.report_data);
    if (!given) {
      return report_stop({Exit::usage, "--report-data: REPORT_DATA is 64 bytes, 128 hex digits"},
                         false);
    }
    data = *given;
  }
  const auto source = sim::open_guest(options.source, {}, tell);
  if (!source) return report_error(source.error(), false, "--source");
  if ((*source)->simulated()) std::fputs("SIMULATED: a software AMD-SP signs it\n", stderr);
  const auto report = (*source)->get(data);
  if (!report) return report_error(report.error(), false, std::string((*source)->name()));
  const Bytes& evidence = report->azure ? report->azure->hcl_report : report->report;
  if (const auto stop = write_output(options.out, evidence)) return report_stop(*stop, false);
  if (options.certs.empty()) return Exit::ok;
  if (!report->endorsement) {
    std::fputs(
        "ratls: the host gave no certificate for this report; get it from AMD with\n"
        "ratls collateral fetch --report FILE\n",
        stderr);
    return Exit::unavailable;
  }
  const auto stop = write_output(options.certs, *report->endorsement);
  return stop ? report_stop(*stop, false) : Exit::ok;
}

}  // namespace

void add_report(CLI::App& tool, Exit& exit) {
  auto* verb = tool.add_subcommand("report", "Ask this machine's firmware for a report");
  const auto options = std::make_shared<Options>();
  verb->add_option(
          "--source", options->source,
          "auto, configfs, sev-guest, azure-vtpm (azure-vtpm:TCTI for another TPM), sim:DIR "
          "or sim-azure:DIR (a simulator)")
      ->capture_default_str();
  verb->add_option("--report-data", options->report_data,
                   "128 hex digits that the report covers; zeros where not given");
  verb->add_option("--out", options->out,
                   "The report, 1184 bytes (of azure-vtpm and sim-azure the HCL report around it); "
                   "- is standard output")
      ->capture_default_str();
  verb->add_option("--certs", options->certs,
                   "The certificate of the key that signed it, DER, where the host gave one");
  verb->footer(exit_code_help() + kExamples);
  verb->callback([options, &exit] { exit = run(*options); });
}

}  // namespace ratls::cli
