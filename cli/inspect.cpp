// ratls inspect: what a file says, without judging it.

#include <memory>

#include <ratls/verify/inspect.h>

#include "verbs.h"

namespace ratls::cli {

namespace {

struct Options {
  std::string file;
  bool json = false;
};

using Inspect = Result<std::string> (*)(ByteView file);

/// One kind of file.
struct Kind {
  const char* name;
  const char* help;
  const char* file_help;
  const char* json_help;
  const char* examples;
  Inspect text;
  Inspect json;
};

constexpr Kind kKinds[] = {
    {"cert", "Show a TLS leaf and its evidence, a VCEK or VLEK, an ASK, ASVK or ARK",
     "Certificate, DER or PEM (up to 16); - for stdin",
     "One JSON object, schema ratls.certificates/1",
     "  ratls inspect cert peer.pem\n"
     "  ratls inspect cert --json vcek.der | jq .certificates[0].amd.tcb\n",
     inspect_certificates_text, inspect_certificates_json},
    {"report", "Show every field of an attestation report",
     "1184 bytes as the firmware made them, or an Azure HCL report; - for stdin",
     "One JSON object, schema ratls.report/1",
     "  ratls inspect report report.bin\n"
     "  ratls inspect report --json - < report.bin | jq .report.measurement\n",
     inspect_report_text, inspect_report_json},
    {"crl", "Show a revocation list", "AMD's list, DER or PEM; - for stdin",
     "One JSON object, schema ratls.crl/1", "  ratls inspect crl milan.crl\n", inspect_crl_text,
     inspect_crl_json},
    {"evidence", "Show the contents of the evidence extension",
     "CBOR of docs/protocol.md section 3, or the extension's value; - for stdin",
     "One JSON object, schema ratls.evidence/1", "  ratls inspect evidence evidence.cbor\n",
     inspect_evidence_text, inspect_evidence_json},
};

Exit inspect_file(const Options& options, const Kind& kind) {
  const Input input = read_input(options.file);
  if (input.stop) return report_stop(*input.stop, options.json);
  const auto said = options.json ? kind.json(input.bytes) : kind.text(input.bytes);
  if (!said) return report_error(said.error(), options.json, options.file);
  return print(*said + (options.json ? "\n" : ""), Exit::ok);
}

void add_kind(CLI::App& inspect, const Kind& kind, Exit& exit) {
  auto* verb = inspect.add_subcommand(kind.name, kind.help);
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, kind.file_help)->required();
  verb->add_flag("--json", options->json, kind.json_help);
  verb->footer(exit_code_help() + "\nEXAMPLES\n" + kind.examples);
  verb->callback([options, &kind, &exit] { exit = inspect_file(*options, kind); });
}

}  // namespace

void add_inspect(CLI::App& tool, Exit& exit) {
  auto* inspect = tool.add_subcommand("inspect", "Show what evidence says; NOT VERIFIED");
  inspect->require_subcommand(1);
  for (const Kind& kind : kKinds) add_kind(*inspect, kind, exit);
}

}  // namespace ratls::cli
