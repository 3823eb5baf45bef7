// ratls audit receipt: is this what the broker signed, and what its log says?

#include <memory>

#include <ratls/core/json.h>
#include <ratls/services/broker/receipt.h>

#include "broker_verbs.h"
#include "channel_options.h"

namespace ratls::cli {

namespace {

using broker::Receipt;

struct Options {
  std::string file;
  std::string key;
  std::string log;
  bool json = false;
};

std::string text_of(const Receipt& receipt, bool in_log) {
  std::string out = "released     " + receipt.resource;
  out += receipt.version == 0 ? ", from a helper" : ", version " + std::to_string(receipt.version);
  out += "\nat           " + to_rfc3339(receipt.released);
  if (receipt.lease_until) out += "\nleased until " + to_rfc3339(*receipt.lease_until);
  out += "\nto           " + receipt.guest + (receipt.simulated ? " (SIMULATED)" : "");
  out += "\nmeasurement  " + receipt.measurement + "\nreport id    " + receipt.report_id;
  out += "\nchip         " + receipt.chip + " (SHA-256 of CHIP_ID)";
  out += "\nevidence     " + receipt.evidence + "\npolicy       " + receipt.policy + ", sha256 " +
         receipt.policy_sha256;
  out += "\naudit log    " + std::to_string(receipt.audit.seq) + ":" + receipt.audit.hash.hex();
  return out + (in_log ? " (it has this line)\n" : " (not compared; --log FILE does)\n") +
         "VALID\n";
}

std::string json_of(const Receipt& receipt, bool in_log) {
  json::Object out;
  out.text("schema", "ratls.receipt_check/1").boolean("valid", true).boolean("in_log", in_log);
  out.text("resource", receipt.resource).number("version", receipt.version);
  out.text("released", to_rfc3339(receipt.released));
  out.text_or_null("lease_until", receipt.lease_until ? to_rfc3339(*receipt.lease_until) : "");
  out.text("guest", receipt.guest).text("report_id", receipt.report_id);
  out.text("measurement", receipt.measurement).text("chip_id_sha256", receipt.chip);
  out.text("evidence_sha256", receipt.evidence).text("policy", receipt.policy);
  out.text("policy_sha256", receipt.policy_sha256).boolean("simulated", receipt.simulated);
  out.number("audit_seq", receipt.audit.seq).text("audit_head", receipt.audit.hash.hex());
  return out.str() + "\n";
}

Exit refuse(const Options& options, const Error& error, const std::string& about) {
  return report_error(error, options.json, about);
}

Exit check(const Options& options) {
  const Input key_file = read_input(options.key, 4096);
  if (key_file.stop) return report_stop(*key_file.stop, options.json);
  const auto key = broker::parse_public_key_pem(key_file.bytes);
  if (!key) return refuse(options, key.error(), options.key);
  const Input file = read_input(options.file, 65536);
  if (file.stop) return report_stop(*file.stop, options.json);
  const auto receipt = broker::open_receipt(to_string(file.bytes), *key);
  if (!receipt) return refuse(options, receipt.error(), options.file);
  const bool compare = !options.log.empty();
  if (compare) {
    const auto checked = broker::check_audit(options.log, {}, receipt->audit);
    if (!checked) return refuse(options, checked.error(), options.log);
  }
  return print(options.json ? json_of(*receipt, compare) : text_of(*receipt, compare), Exit::ok);
}

}  // namespace

void add_audit_receipt(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("receipt", "Verify a broker's receipt of a release");
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, "The value of the header ratls-receipt; - for stdin")
      ->required();
  verb->add_option("--key", options->key, "The broker's public key of receipts, PEM")->required();
  verb->add_option("--log", options->log,
                   "The broker's audit log: also follow its chain, which must have the line that "
                   "the receipt names");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n"
               "  ratls audit receipt receipt.txt --key receipts.key.pub\n"
               "  ratls audit receipt receipt.txt --key receipts.key.pub --log audit.log\n");
  verb->callback([options, &exit] { exit = check(*options); });
}

}  // namespace ratls::cli
