// The ratls command.

#include <cstdio>
#include <exception>

#include "verbs.h"

namespace {

using ratls::cli::Exit;

// CLI11 prints help and version itself, with code 0; everything else it throws is wrong usage.
int usage(const CLI::App& tool, const CLI::ParseError& error) {
  const int code = tool.exit(error);
  return code == 0 ? 0 : static_cast<int>(Exit::usage);
}

int run(int argc, char** argv) {
  CLI::App tool{"Attested TLS for AMD SEV-SNP guests: look at evidence, and judge it.", "ratls"};
  tool.set_version_flag("--version", "ratls " RATLS_VERSION);
  tool.require_subcommand(1);
  tool.footer(ratls::cli::exit_code_help());
  Exit exit = Exit::ok;
  ratls::cli::add_inspect(tool, exit);
  ratls::cli::add_verify(tool, exit);
  ratls::cli::add_connect(tool, exit);
  ratls::cli::add_serve(tool, exit);
  ratls::cli::add_run(tool, exit);
  ratls::cli::add_egress(tool, exit);
  ratls::cli::add_bootstrap(tool, exit);
  ratls::cli::add_cert(tool, exit);
  ratls::cli::add_collateral(tool, exit);
  ratls::cli::add_doctor(tool, exit);
  ratls::cli::add_report(tool, exit);
  ratls::cli::add_reasons(tool, exit);
  ratls::cli::add_policy(tool, exit);
  ratls::cli::add_secret(tool, exit);
  ratls::cli::add_audit(tool, exit);
  ratls::cli::add_broker(tool, exit);
  ratls::cli::add_sim(tool, exit);
  try {
    tool.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(tool, error);
  }
  return static_cast<int>(exit);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ratls: a bug: %s\n", error.what());
    return static_cast<int>(Exit::bug);
  }
}
