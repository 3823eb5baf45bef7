// ratls secret tpm-seal: the key of a store, so that only this machine's TPM opens it.

#include <memory>

#include <ratls/services/broker/store_key.h>
#include <ratls/services/broker/tpm_key.h>

#include "broker_verbs.h"
#include "channel_options.h"
#include "output.h"

namespace ratls::cli {

namespace {

struct Options {
  std::string key;
  std::string out;
  std::string pcrs;
  std::string tpm = "device:/dev/tpmrm0";
};

Exit seal(const Options& options) {
  const auto pcrs = broker::parse_pcrs(options.pcrs);
  if (!pcrs) return report_stop({Exit::usage, "--pcrs: " + pcrs.error().detail()}, false);
  const auto key = broker::read_store_key(options.key);
  if (!key) return report_stop(stop_of(key.error(), options.key), false);
  const auto sealed = broker::seal_to_tpm(*key, {*pcrs, options.tpm});
  if (!sealed) return report_stop(stop_of(sealed.error(), options.tpm), false);
  // Nobody should learn only later that what was written does not open.
  const auto opened = broker::open_from_tpm(as_bytes(*sealed));
  if (!opened) return report_stop(stop_of(opened.error(), options.tpm), false);
  if (const auto wrong = write_output(options.out, as_bytes(*sealed))) {
    return report_stop(*wrong, false);
  }
  const std::string when = pcrs->empty() ? "in every state of this machine"
                                         : "while PCRs " + options.pcrs + " are as they are now";
  return print(
      "sealed to " + options.out + "; this TPM opens it " + when +
          ". Use it as tpm:" + options.out + "\nkeep " + options.key +
          " offline: without it a changed or cleared TPM means that every secret is lost\n",
      Exit::ok);
}

}  // namespace

void add_secret_tpm_seal(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("tpm-seal", "Seal the key of a store to this machine's TPM");
  const auto options = std::make_shared<Options>();
  verb->add_option("--key", options->key, "The key file that ratls secret keygen made")->required();
  verb->add_option("--out", options->out, "The sealed key, for \"key\": \"tpm:FILE\"")->required();
  verb->add_option("--pcrs", options->pcrs,
                   "PCRs of the SHA-256 bank that must stay as they are: 0,2,7 (default: none)");
  verb->add_option("--tpm", options->tpm, "device:/PATH, or swtpm:host=HOST,port=PORT")
      ->capture_default_str();
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n"
               "  ratls secret tpm-seal --key store.key --out store.key.tpm --pcrs 7\n");
  verb->callback([options, &exit] { exit = seal(*options); });
}

}  // namespace ratls::cli
