// The gate: whatever the order in which bytes, calls and refusals come, no application byte is
// delivered before acceptance and none of the judge's leaves for a peer that it refuses.
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdlib>
#include <random>

#include "framed_world.h"

using namespace ratls;
using ratls::test::AttestedWorld;
using ratls::test::WorldOptions;
using State = Session::State;

namespace {

constexpr std::size_t kInterleavings = 1000;
// Signatures differ in length and mbedTLS pads records to 16 bytes; the smallest record of
// application bytes has 37.
constexpr std::size_t kJitter = 32;
constexpr std::string_view kSecret = "SECRET OF THE BROKER";

struct Case {
  Reason reason;
  std::function<void(sim::ProcessorOptions&)> guest;
};

// A guest for each rule of the policy that a guest can break.
std::vector<Case> refusals() {
  using Options = sim::ProcessorOptions;
  return {
      {Reason::measurement_not_allowed,
       [](Options& o) { o.report.launch.measurement = *sim::Digest48::from(Bytes(48, 0x66)); }},
      {Reason::debug_allowed, [](Options& o) { o.report.launch.policy |= sim::kPolicyDebug; }},
      {Reason::migration_allowed,
       [](Options& o) { o.report.launch.policy |= sim::kPolicyMigrateMa; }},
      {Reason::vmpl_not_allowed, [](Options& o) { o.report.vmpl = 2; }},
      {Reason::unsupported_version, [](Options& o) { o.report.version = 1; }},
      {Reason::unsupported_algorithm, [](Options& o) { o.report.signature_algorithm = 2; }},
      {Reason::unsigned_report, [](Options& o) { o.report.mask_chip_key = true; }},
      {Reason::missing_endorsement, [](Options& o) { o.supply_endorsement = false; }},
      {Reason::tcb_below_floor,
       [](Options& o) {
         auto& firmware = o.report.firmware;
         for (auto* tcb : {&firmware.reported, &firmware.committed, &firmware.current}) {
           tcb->snp = 1;
         }
       }},
  };
}

/// What the two applications saw.
struct Seen {
  std::size_t at_server = 0;
  std::size_t at_client = 0;
  bool server_wrote = false;
  std::size_t sent_by_server = 0;  ///< bytes on the wire
};

void move_some(Session& from, Session& to, std::mt19937& random, std::size_t& count) {
  const ByteView out = from.output();
  if (out.empty()) return;
  const std::size_t some = 1 + random() % (random() % 2 == 0 ? 64 : out.size());
  const std::size_t taken = to.feed(out.first(std::min(some, out.size())));
  from.sent(taken);
  count += taken;
}

void read_into(Session& session, std::size_t& count) {
  std::array<std::uint8_t, 256> buffer{};
  const auto got = session.read(buffer);
  if (got) count += got->size;
}

// One thing that an event loop or an application might do now. `applications`: do they try to
// talk?
void act(Session& client, Session& server, std::mt19937& random, Seen& seen, bool applications) {
  std::size_t ignored = 0;
  switch (random() % 10) {
    case 0:
    case 1:
      return move_some(client, server, random, ignored);
    case 2:
    case 3:
      return move_some(server, client, random, seen.sent_by_server);
    case 4:
      client.advance();
      return;
    case 5:
      server.advance();
      return;
    case 6:
      if (client.making_evidence())
        static_cast<void>(client.wait_evidence(std::chrono::seconds(2)));
      return;
    case 7:
      if (!applications) return;
      if (client.write(as_bytes("early")) && random() % 16 == 0) {
        static_cast<void>(client.close().has_value());
      }
      return;
    case 8:
      if (applications) seen.server_wrote = server.write(as_bytes(kSecret)) || seen.server_wrote;
      return read_into(server, seen.at_server);
    default:
      return read_into(client, seen.at_client);
  }
}

bool random_bit(std::uint32_t seed) {
  return std::mt19937(seed)() % 2 == 0;
}

Seen interleave(const AttestedWorld& world, bool framed, std::uint32_t seed, bool applications,
                std::optional<Reason>& reason) {
  std::mt19937 random(seed);
  const auto guest = framed ? ratls::test::asked_guest(world) : world.guest_config();
  const auto broker = framed ? ratls::test::framed_broker(world) : world.broker_config();
  Session client = Session::client(guest).value();
  Session server = Session::server(broker).value();
  Seen seen;
  for (int i = 0; i < 400; ++i) act(client, server, random, seen, applications);
  // Whatever is left: until nothing moves any more.
  for (std::size_t before = 1; before != 0;) {
    ratls::test::run(client, server);
    before = 0;
    move_some(server, client, random, seen.sent_by_server);
    read_into(server, seen.at_server);
    read_into(client, seen.at_client);
  }
  if (server.failure() != nullptr) reason = server.failure()->reason();
  CHECK(server.state() != State::open);
  CHECK(server.peer() == nullptr);
  CHECK(client.state() != State::closed);
  return seen;
}

std::uint32_t first_seed() {
  if (const char* given = std::getenv("RATLS_TEST_SEED")) {
    return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  }
  return std::random_device{}();
}

}  // namespace

TEST_CASE("no application byte passes a refusal, in 1,000 interleavings over every reason") {
  const std::uint32_t base = first_seed();
  const std::vector<Case> cases = refusals();
  std::vector<std::unique_ptr<AttestedWorld>> worlds;
  for (const Case& one : cases) {
    WorldOptions options;
    options.guest = one.guest;
    worlds.push_back(std::make_unique<AttestedWorld>(options));
  }
  // What a refusal takes on the wire where no application says anything: plain, framed.
  std::vector<std::size_t> silent;
  for (const auto& world : worlds) {
    for (const bool framed : {false, true}) {
      std::optional<Reason> reason;
      silent.push_back(interleave(*world, framed, base, false, reason).sent_by_server);
      CHECK(reason);
    }
  }
  std::vector<std::size_t> refused(cases.size());
  for (std::uint32_t i = 0; i < kInterleavings; ++i) {
    const std::size_t which = i % cases.size();
    INFO("RATLS_TEST_SEED=" << base << ", interleaving " << i << ": " << code(cases[which].reason));
    const AttestedWorld& world = *worlds[which];
    const bool framed = random_bit(base + i);
    std::optional<Reason> reason;
    const Seen seen = interleave(world, framed, base + i, true, reason);
    CHECK(seen.at_server == 0);
    CHECK(seen.at_client == 0);
    CHECK_FALSE(seen.server_wrote);
    CHECK(seen.sent_by_server <= silent[2 * which + (framed ? 1U : 0U)] + kJitter);
    if (reason == cases[which].reason) ++refused[which];
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(code(cases[i].reason));
    CHECK(refused[i] > 0);
  }
}
