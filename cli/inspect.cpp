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

Exit inspect_report(const Options& options) {
  const Input input = read_input(options.file);
  if (input.stop) return report_stop(*input.stop, options.json);
  const auto said =
      options.json ? inspect_report_json(input.bytes) : inspect_report_text(input.bytes);
  if (!said) return report_error(said.error(), options.json, options.file);
  return print(*said + (options.json ? "\n" : ""), Exit::ok);
}

}  // namespace

void add_inspect(CLI::App& tool, Exit& exit) {
  auto* inspect = tool.add_subcommand("inspect", "Show what evidence says; NOT VERIFIED");
  inspect->require_subcommand(1);
  auto* report = inspect->add_subcommand("report", "Show every field of an attestation report");
  const auto options = std::make_shared<Options>();
  report->add_option("FILE", options->file, "1184 bytes as the firmware made them; - for stdin")
      ->required();
  report->add_flag("--json", options->json, "One JSON object, schema ratls.report/1");
  report->footer(exit_code_help() +
                 "\nEXAMPLES\n"
                 "  ratls inspect report report.bin\n"
                 "  ratls inspect report --json - < report.bin | jq .report.measurement\n");
  report->callback([options, &exit] { exit = inspect_report(*options); });
}

}  // namespace ratls::cli
