// A key broker that guests pin: it releases one secret to guests that its policy accepts.
//
//   key_broker --listen 127.0.0.1:0 --identity broker.pem --policy policy.json
//              --secret kbs:///agents/llm/api-key [--count N] < value

#include <charconv>
#include <chrono>
#include <cstdio>
#include <semaphore>
#include <system_error>
#include <thread>

#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/examples/common/identity.h>
#include <ratls/examples/common/steps.h>
#include <ratls/tcp.h>
#include <ratls/verify/policy_json.h>

#include "broker.h"

namespace {

using namespace ratls;
using namespace ratls::examples;

constexpr const char* kHelp =
    "usage: key_broker --listen HOST:PORT --identity FILE.pem --policy FILE.json\n"
    "                  --secret kbs:///REPO/TYPE/TAG [--count N] < VALUE\n"
    "\n"
    "Releases VALUE to guests that the policy accepts, and to nobody else. The identity is made\n"
    "at the first start; its pin, sha256//..., is printed and belongs into the guest's image.\n"
    "Port 0 lets the system choose. --count ends the broker after N connections.\n"
    "\n"
    "exit codes: 0 done, 64 usage, 66 no such file, 69 cannot listen, 78 bad policy or identity\n";

constexpr std::ptrdiff_t kMostConnections = 64;
std::counting_semaphore<kMostConnections> free_places{kMostConnections};

struct Setup {
  Keeper keeper;
  TcpListener listener;
  unsigned count = 0;  // 0: for ever
};

Result<unsigned> parse_count(const std::string& text) {
  unsigned out = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  if (parsed.ec == std::errc{} && parsed.ptr == end) return out;
  return Error(Reason::invalid_config, "--count must be a number");
}

Result<Setup> set_up(const Arguments& arguments, const Clock& clock) {
  RATLS_TRY(const std::string uri, arguments.need("secret"));
  RATLS_TRY(auto resource, agent::Resource::parse_uri(uri));
  RATLS_TRY(const std::string listen, arguments.need("listen"));
  RATLS_TRY(const Address address, Address::parse(listen));
  RATLS_TRY(const std::string policy_path, arguments.need("policy"));
  RATLS_TRY(const Bytes policy_json, read_file(policy_path));
  RATLS_TRY(Policy policy, parse_policy(policy_json));
  RATLS_TRY(const std::string identity_path, arguments.need("identity"));
  RATLS_TRY(auto identity, open_identity(identity_path));
  RATLS_TRY(const unsigned count, parse_count(arguments.value_or("count", "0")));
  RATLS_TRY(SecretBytes value, read_secret_from_stdin());
  RATLS_TRY(TcpListener listener, TcpListener::bind(address));
  auto verifier = std::make_shared<const Verifier>(std::move(policy), clock);
  return Setup{{std::move(identity), std::move(verifier), std::move(resource), std::move(value)},
               std::move(listener),
               count};
}

void announce(const Setup& setup) {
  Steps log("broker");
  const Policy& policy = setup.keeper.verifier->policy();
  for (const std::string& danger : policy.dangers()) log.note("WARNING: " + danger);
  log.note("policy " + policy.name() + " version " + std::to_string(policy.version()) +
           ", sha256 " + policy.sha256().hex().substr(0, 16) + "...");
  log.note("identity " + setup.keeper.identity->pin());
  log.note("listening on " + setup.listener.address().text());
}

// One thread a connection; a place is free again when it ends.
void start(std::unique_ptr<Transport> transport, const Keeper& keeper, unsigned number) {
  free_places.acquire();
  try {
    std::thread([stream = std::move(transport), &keeper, number]() mutable {
      serve(std::move(stream), keeper, number);
      free_places.release();
    }).detach();
  } catch (const std::system_error& error) {
    free_places.release();
    complain("broker", std::string("no thread to be had: ") + error.what());
  }
}

void run(Setup& setup) {
  for (unsigned number = 1; setup.count == 0 || number <= setup.count;) {
    auto transport = setup.listener.accept(after(std::chrono::hours(1)));
    if (transport) {
      start(std::move(*transport), setup.keeper, number);
      ++number;
    } else if (transport.error().reason() != Reason::handshake_timeout) {
      // Out of descriptors, perhaps: others will end.
      complain("broker", transport.error().message());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  for (std::ptrdiff_t i = 0; i < kMostConnections; ++i) free_places.acquire();
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      Arguments::parse(argc, argv, {{"listen", "identity", "policy", "secret", "count"}, {"help"}});
  if (arguments && arguments->has("help")) {
    std::fputs(kHelp, stdout);
    return kOk;
  }
  if (!arguments) {
    complain("key_broker", arguments.error().message());
    return kUsage;
  }
  const SystemClock clock;
  auto setup = set_up(*arguments, clock);
  if (!setup) {
    complain("key_broker", setup.error().message());
    return exit_code(setup.error());
  }
  announce(*setup);
  run(*setup);
  return kOk;
}
