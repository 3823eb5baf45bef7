// ratls policy keygen, sign and verify: signatures that minisign reads, and the other way round.

#include <cstdio>
#include <memory>

#include <sys/stat.h>

#include <ratls/core/clock.h>
#include <ratls/core/private_file.h>
#include <ratls/verify/minisign.h>
#include <ratls/verify/policy_file.h>
#include <ratls/verify/policy_json.h>

#include "output.h"
#include "policy_verbs.h"

namespace ratls::cli {

namespace {

struct Options {
  std::string file;
  std::string key;
  std::string public_key;
  std::string signature;
  std::string state;
  bool json = false;
};

// Never over a file that is there: that may be the only copy of a key.
Exit write_secret(const std::string& path, const MinisignSecretKey& key) {
  const auto text = key.file();
  if (!text) return report_error(text.error(), false, path);
  const auto written =
      text->expose([&](ByteView bytes) { return write_new_private_file(path, bytes); });
  if (written) return Exit::ok;
  const bool exists = written.error().reason() == Reason::invalid_config;
  return report_stop({exists ? Exit::usage : Exit::unavailable, written.error().detail()}, false);
}

Exit keygen(const Options& options) {
  const auto key = MinisignSecretKey::generate();
  if (!key) return report_error(key.error(), false, options.key);
  const Exit exit = write_secret(options.key, *key);
  if (exit != Exit::ok) return exit;
  const std::string path = options.public_key.empty() ? options.key + ".pub" : options.public_key;
  if (const auto wrong = write_output(path, as_bytes(key->public_key().file()))) {
    return report_stop(*wrong, false);
  }
  return print("key " + text(key->public_key().id) + "\nsecret key " + options.key +
                   " (no password: its mode 0600 is all that protects it)\npublic key " + path +
                   "\n",
               Exit::ok);
}

std::optional<Exit> refuse_open_key(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077U) == 0) return std::nullopt;
  return report_stop({Exit::bad_config, path + ": others may read this secret key; chmod 600 it"},
                     false);
}

std::string comment_for(const Policy& policy) {
  const auto now = SystemClock().now();
  return "policy:" + policy.name() + " version:" + std::to_string(policy.version()) +
         (now ? " signed:" + to_rfc3339(*now) : std::string());
}

Exit sign(const Options& options) {
  if (const auto refused = refuse_open_key(options.key)) return *refused;
  const Input secret = read_input(options.key);
  if (secret.stop) return report_stop(*secret.stop, false);
  const auto key = MinisignSecretKey::parse(secret.bytes);
  if (!key) return report_error(key.error(), false, options.key);
  const Input file = read_input(options.file);
  if (file.stop) return report_stop(*file.stop, false);
  const auto policy = parse_policy(file.bytes);
  if (!policy) return report_error(policy.error(), false, options.file);
  const auto signature = key->sign(file.bytes, comment_for(*policy));
  if (!signature) return report_error(signature.error(), false, options.file);
  const std::string out = options.signature.empty() ? options.file + ".minisig" : options.signature;
  if (const auto wrong = write_output(out, as_bytes(*signature))) return report_stop(*wrong, false);
  std::fprintf(stderr, "%s\n", comment_for(*policy).c_str());
  return Exit::ok;
}

Exit verify(const Options& options) {
  const Input key_file = read_input(options.public_key);
  if (key_file.stop) return report_stop(*key_file.stop, options.json);
  const auto key = MinisignPublicKey::parse(key_file.bytes);
  if (!key) return report_error(key.error(), options.json, options.public_key);
  const Input file = read_input(options.file);
  if (file.stop) return report_stop(*file.stop, options.json);
  const Input signature =
      read_input(options.signature.empty() ? options.file + ".minisig" : options.signature);
  if (signature.stop) return report_stop(*signature.stop, options.json);
  const auto comment = minisign_verify(*key, file.bytes, signature.bytes);
  if (!comment) return report_error(comment.error(), options.json, options.file);
  const auto policy = parse_policy(file.bytes);
  if (!policy) return report_error(policy.error(), options.json, options.file);
  if (!options.state.empty()) {
    const auto remembered = remember_version(options.state, *policy);
    if (!remembered) return report_error(remembered.error(), options.json, options.file);
  }
  return print("GOOD signature by key " + text(key->id) + ": " + *comment + "\npolicy " +
                   policy->name() + " version " + std::to_string(policy->version()) + ", sha256 " +
                   policy->sha256().hex() + "\n",
               Exit::ok);
}

}  // namespace

void add_policy_keygen(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("keygen", "Make a key that signs policies");
  const auto options = std::make_shared<Options>();
  verb->add_option("--out", options->key, "The secret key, mode 0600; must not exist")->required();
  verb->add_option("--public-out", options->public_key, "The public key; default OUT.pub");
  verb->footer(exit_code_help() + "\nEXAMPLES\n  ratls policy keygen --out policy.key\n");
  verb->callback([options, &exit] { exit = keygen(*options); });
}

void add_policy_sign(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("sign", "Sign a policy; minisign can verify it");
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, "The policy")->required();
  verb->add_option("--key", options->key,
                   "Secret key without a password (ratls policy keygen, minisign -G -W)")
      ->required();
  verb->add_option("--out", options->signature, "The signature; default FILE.minisig");
  verb->footer(exit_code_help() + "\nEXAMPLES\n  ratls policy sign prod.json --key policy.key\n");
  verb->callback([options, &exit] { exit = sign(*options); });
}

void add_policy_verify(CLI::App& group, Exit& exit) {
  auto* verb =
      group.add_subcommand("verify", "Verify a policy's signature (code 78 where it fails)");
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, "The policy")->required();
  verb->add_option("--pubkey", options->public_key, "The signer's public key file")->required();
  verb->add_option("--sig", options->signature, "The signature; default FILE.minisig");
  verb->add_option("--state", options->state,
                   "Remember the version in this file, and refuse an older one");
  verb->add_flag("--json", options->json, "Errors as one JSON object, schema ratls.error/1");
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n  ratls policy verify prod.json --pubkey policy.key.pub\n");
  verb->callback([options, &exit] { exit = verify(*options); });
}

}  // namespace ratls::cli
