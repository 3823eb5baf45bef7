// ratls secret: what a broker keeps. Values come from standard input or a file, never from argv.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include <ratls/core/clock.h>
#include <ratls/core/json.h>
#include <ratls/services/broker/config.h>
#include <ratls/services/broker/store.h>
#include <ratls/services/broker/store_key.h>
#include <ratls/tcp.h>

#include "broker_verbs.h"
#include "channel_options.h"

namespace ratls::cli {

namespace {

using broker::SecretStore;

struct Options {
  std::string resource;
  std::string value = "-";
  std::string config;  ///< broker.json, which names store and key
  std::string store;
  std::string key;
  bool json = false;
};

Exit wrong(const Options& options, const Error& error, const std::string& about) {
  return report_error(error, options.json, about);
}

const std::string& where(const Options& options) {
  return options.config.empty() ? options.store : options.config;
}

Result<void> locate(Options& options) {
  if (options.config.empty()) {
    if (!options.store.empty() && !options.key.empty()) return {};
    return Error(Reason::invalid_config, "give --config, or --store and --key");
  }
  RATLS_TRY(const auto config, broker::read_broker_config(options.config));
  options.store = config.store;
  options.key = config.store_key;
  return {};
}

// A file that is not there has an exit code of its own, as with every verb.
std::optional<Stop> missing(const Options& options) {
  return options.config.empty() ? std::nullopt : read_input(options.config).stop;
}

Result<SecretStore> open(const Options& given, bool create) {
  Options options = given;
  RATLS_CHECK(locate(options));
  RATLS_TRY(auto key, broker::read_store_key(options.key));
  return SecretStore::open(options.store, std::move(key), create);
}

// Straight into memory that is wiped: no stdio buffer keeps a copy.
Result<SecretBytes> read_value(int descriptor, const std::string& name) {
  Bytes buffer(broker::kMaxValue + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(descriptor, &buffer[size], buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int number = errno;
      wipe(buffer);
      return Error(Reason::io_error, name + ": " + std::strerror(number));
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  auto value = SecretBytes::copy_of(ByteView(buffer).first(size));
  wipe(buffer);
  return value;
}

Result<SecretBytes> take_value(const std::string& from) {
  if (from == "-") {
    if (::isatty(STDIN_FILENO) == 1) {
      std::fputs("ratls: type the value, then Ctrl-D twice; it shows on the screen\n", stderr);
    }
    return read_value(STDIN_FILENO, "standard input");
  }
  const std::string path = from.substr(1);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Error(Reason::io_error, path + ": " + std::strerror(errno));
  return read_value(file.get(), path);
}

void hint_newline(const SecretBytes& value) {
  const bool newline = value.expose([](ByteView bytes) { return bytes.back() == '\n'; });
  if (newline) {
    std::fputs(
        "ratls: the value ends with a line feed, which is part of it (printf '%s' has none)\n",
        stderr);
  }
}

Exit put(const Options& options) {
  if (options.value != "-" && options.value.front() != '@') {
    return report_stop({Exit::usage,
                        "a value on the command line is seen by everybody on this machine; "
                        "give it on standard input, or as @FILE"},
                       options.json);
  }
  if (const auto stop = missing(options)) return report_stop(*stop, options.json);
  const auto resource = broker::Resource::parse_uri(options.resource);
  if (!resource) return wrong(options, resource.error(), options.resource);
  const auto now = SystemClock().now();
  if (!now) return wrong(options, Error(Reason::no_time), "the clock");
  const auto value = take_value(options.value);
  if (!value) return wrong(options, value.error(), "the value");
  auto store = open(options, true);
  if (!store) return wrong(options, store.error(), where(options));
  const auto version = store->put(*resource, *value, *now);
  if (!version) return wrong(options, version.error(), options.resource);
  if (options.json) {
    json::Object out;
    out.text("schema", "ratls.secret/1").text("resource", resource->uri());
    return print(out.number("version", *version).number("size", value->size()).str() + "\n",
                 Exit::ok);
  }
  hint_newline(*value);
  return print("stored " + resource->uri() + ", version " + std::to_string(*version) + ", " +
                   std::to_string(value->size()) + " bytes\n",
               Exit::ok);
}

std::string list_text(const std::vector<broker::StoredEntry>& entries) {
  if (entries.empty()) return "the store is empty\n";
  std::string out;
  for (const auto& entry : entries) {
    out += entry.resource + "  version " + std::to_string(entry.version) + ", " +
           std::to_string(entry.size) + " bytes, stored " + to_rfc3339(entry.stored) + "\n";
  }
  return out;
}

std::string list_json(const std::vector<broker::StoredEntry>& entries) {
  std::vector<std::string> items;
  for (const auto& entry : entries) {
    json::Object item;
    item.text("resource", entry.resource).number("version", entry.version);
    items.push_back(item.number("size", entry.size).text("stored", to_rfc3339(entry.stored)).str());
  }
  json::Object out;
  return out.text("schema", "ratls.secrets/1").raw("secrets", json::array(items)).str() + "\n";
}

Exit list(const Options& options) {
  if (const auto stop = missing(options)) return report_stop(*stop, options.json);
  auto store = open(options, false);
  if (!store) return wrong(options, store.error(), where(options));
  const auto entries = store->list();
  if (!entries) return wrong(options, entries.error(), where(options));
  return print(options.json ? list_json(*entries) : list_text(*entries), Exit::ok);
}

Exit remove(const Options& options) {
  if (const auto stop = missing(options)) return report_stop(*stop, options.json);
  const auto resource = broker::Resource::parse_uri(options.resource);
  if (!resource) return wrong(options, resource.error(), options.resource);
  auto store = open(options, false);
  if (!store) return wrong(options, store.error(), where(options));
  const auto removed = store->remove(*resource);
  if (!removed) return wrong(options, removed.error(), where(options));
  if (*removed) return print("removed " + resource->uri() + "\n", Exit::ok);
  return report_stop({Exit::no_input, resource->uri() + ": no such secret in " + where(options)},
                     options.json);
}

Exit keygen(const Options& options) {
  const auto made = broker::create_store_key(options.key);
  if (!made) return wrong(options, made.error(), options.key);
  return print(
      "made " + options.key + ", mode 0600; whoever has it and the store reads every secret\n",
      Exit::ok);
}

void add_store(CLI::App& verb, Options& options) {
  auto* config = verb.add_option("--config", options.config, "broker.json, which names both");
  verb.add_option("--store", options.store, "The store, an SQLite file")->excludes(config);
  verb.add_option("--key", options.key, "Its key: a file, systemd-credential:NAME, or tpm:FILE")
      ->excludes(config);
  verb.add_flag("--json", options.json, "One JSON object");
}

void add_put(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("put", "Store or replace a secret; makes the store if need be");
  const auto options = std::make_shared<Options>();
  verb->add_option("RESOURCE", options->resource, "kbs:///repo/type/tag")->required();
  verb->add_option("VALUE", options->value, "- for standard input (default), or @FILE");
  add_store(*verb, *options);
  verb->footer(exit_code_help() +
               "\nEXAMPLES\n"
               "  printf %s \"$KEY\" | ratls secret put kbs:///agents/llm/api-key \\\n"
               "      --store secrets.db --key store.key\n"
               "  ratls secret put kbs:///agents/tls/key @key.pem --store secrets.db "
               "--key store.key\n");
  verb->callback([options, &exit] { exit = put(*options); });
}

void add_list(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("list", "Names, versions and sizes; never a value");
  const auto options = std::make_shared<Options>();
  add_store(*verb, *options);
  verb->footer(exit_code_help());
  verb->callback([options, &exit] { exit = list(*options); });
}

void add_remove(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("rm", "Remove a secret");
  const auto options = std::make_shared<Options>();
  verb->add_option("RESOURCE", options->resource, "kbs:///repo/type/tag")->required();
  add_store(*verb, *options);
  verb->footer(exit_code_help());
  verb->callback([options, &exit] { exit = remove(*options); });
}

void add_keygen(CLI::App& group, Exit& exit) {
  auto* verb = group.add_subcommand("keygen", "Make the key of a store");
  const auto options = std::make_shared<Options>();
  verb->add_option("--out", options->key, "The key file, mode 0600; must not exist")->required();
  verb->footer(exit_code_help());
  verb->callback([options, &exit] { exit = keygen(*options); });
}

}  // namespace

void add_secret(CLI::App& tool, Exit& exit) {
  auto* group = tool.add_subcommand("secret", "Keep the secrets that a broker releases");
  group->require_subcommand(1);
  add_keygen(*group, exit);
  add_put(*group, exit);
  add_list(*group, exit);
  add_remove(*group, exit);
  add_secret_tpm_seal(*group, exit);
  group->footer(exit_code_help() +
                "\nEXAMPLES\n"
                "  ratls secret keygen --out store.key\n"
                "  printf %s \"$KEY\" | ratls secret put kbs:///agents/llm/api-key \\\n"
                "      --store secrets.db --key store.key\n"
                "  ratls secret list --store secrets.db --key store.key\n");
}

}  // namespace ratls::cli
