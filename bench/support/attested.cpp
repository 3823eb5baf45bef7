#include "attested.h"

#include "must.h"
#include "plain_tls.h"

namespace ratls::bench {

namespace {

constexpr std::chrono::seconds kPatience{20};

struct Pair {
  Session client;
  Session server;
};

struct Guest {
  Firmware* firmware;
  std::shared_ptr<Attester> attester;
};

// Two sides, and the guests among them in the order in which they are asked for evidence.
struct Parties {
  std::vector<Guest> guests;
  std::optional<ClientConfig> client;
  std::optional<ServerConfig> server;

  [[nodiscard]] Pair connect() const {
    return Pair{must(Session::client(*client)), must(Session::server(*server))};
  }
};

AttestedIdentity guest_on(Parties& parties, Firmware& firmware) {
  auto attester = std::make_shared<Attester>(firmware);
  must(attester->start());
  parties.guests.push_back({&firmware, attester});
  return AttestedIdentity(std::move(attester));
}

Parties invite(Attested who, const Verifiers& verifiers) {
  const World& world = World::get();
  Parties out;
  const AcceptEvidence guests{verifiers.of_server};
  if (who == Attested::both) {
    out.server.emplace(guest_on(out, world.server_firmware()), guests);
    out.client.emplace(guest_on(out, world.client_firmware()), AcceptEvidence{verifiers.of_client});
  } else {
    out.server.emplace(world.broker(), guests);
    out.client.emplace(guest_on(out, world.client_firmware()),
                       AcceptKey{world.broker()->spki_sha256()});
  }
  return out;
}

// Somebody else's request, which keeps the firmware busy until its gate opens: those who come
// later then share the next report.
PendingEvidence occupy(const Guest& guest) {
  guest.firmware->shut();
  return guest.attester->begin({Role::client, Level::exporter, Binder(), hash_spki({})});
}

bool pump(Session& from, Session& to) {
  const std::size_t count = to.feed(from.output());
  from.sent(count);
  return count != 0;
}

// As far as both sides get without evidence that is still to be made.
void drive(Pair& pair) {
  for (bool moved = true; moved;) {
    pair.client.advance();
    moved = pump(pair.client, pair.server);
    pair.server.advance();
    moved = pump(pair.server, pair.client) || moved;
  }
}

void drive(std::vector<Pair>& pairs) {
  for (Pair& pair : pairs) drive(pair);
}

void wait_for_evidence(const Pair& pair) {
  const bool there = pair.server.wait_evidence(kPatience) && pair.client.wait_evidence(kPatience);
  if (!there) die(Error(Reason::evidence_timeout));
}

void require_open(Pair& pair) {
  if (pair.client.failure() != nullptr) die(*pair.client.failure());
  if (pair.server.failure() != nullptr) die(*pair.server.failure());
  if (!must(pair.client.poll_acceptance())) die(Error(Reason::verdict_missing));
}

}  // namespace

Nanoseconds Stopwatch::reading() noexcept {
  const World& world = World::get();
  return process_cpu() - world.client_firmware().spent() - world.server_firmware().spent();
}

void run_batch(Attested who, const Verifiers& verifiers, Stopwatch& watch) {
  const Parties parties = invite(who, verifiers);
  std::vector<PendingEvidence> others_before;
  for (const Guest& guest : parties.guests) others_before.push_back(occupy(guest));
  Pair first = parties.connect();
  drive(first);
  watch.start();
  std::vector<Pair> timed;
  timed.reserve(kTimedPerReport);
  while (timed.size() < kTimedPerReport) timed.push_back(parties.connect());
  drive(timed);
  for (const Guest& guest : parties.guests) {
    guest.firmware->open();
    for (const Pair& pair : timed) wait_for_evidence(pair);
    watch.stop();
    wait_for_evidence(first);
    drive(first);
    watch.start();
    drive(timed);
  }
  for (Pair& pair : timed) require_open(pair);
  timed.clear();
  watch.stop();
  require_open(first);
}

void run_alone(Attested who, const Verifiers& verifiers, Stopwatch& watch) {
  const Parties parties = invite(who, verifiers);
  watch.start();
  {
    Pair pair = parties.connect();
    drive(pair);
    for (std::size_t side = 0; side < parties.guests.size(); ++side) {
      wait_for_evidence(pair);
      drive(pair);
    }
    require_open(pair);
  }
  watch.stop();
}

DummyWorld::DummyWorld(Attested who)
    : size_(evidence_size()),
      fresh_sides_(who == Attested::both ? 2 : 1),
      client_(World::identity(size_), AcceptKey{}),
      server_(who == Attested::both ? World::identity(size_) : World::get().broker(), AcceptKey{}) {
  using Pinned = std::shared_ptr<const CertificateIdentity>;
  client_.accept = AcceptKey{std::get<Pinned>(server_.identity)->spki_sha256()};
  server_.accept = AcceptKey{std::get<Pinned>(client_.identity)->spki_sha256()};
}

void DummyWorld::run_batch(Stopwatch& watch) const {
  watch.start();
  std::vector<Pair> pairs;
  std::vector<Identity> fresh;
  pairs.reserve(kTimedPerReport);
  fresh.reserve(kTimedPerReport * fresh_sides_);
  while (pairs.size() < kTimedPerReport) {
    pairs.push_back(Pair{must(Session::client(client_)), must(Session::server(server_))});
    pairs.back().client.advance();
    pump(pairs.back().client, pairs.back().server);
    pairs.back().server.advance();
    pump(pairs.back().server, pairs.back().client);
  }
  for (Pair& pair : pairs) {
    for (std::size_t side = 0; side < fresh_sides_; ++side) fresh.push_back(make_identity(size_));
    drive(pair);
  }
  for (Pair& pair : pairs) require_open(pair);
  pairs.clear();
  fresh.clear();
  watch.stop();
}

std::size_t evidence_size() {
  Attester attester(World::get().client_firmware());
  std::vector<PendingEvidence> waiting;
  std::uint8_t number = 0;
  while (waiting.size() < kSessionsPerReport) {
    const std::array<std::uint8_t, 1> spki{number++};
    waiting.push_back(attester.begin({Role::client, Level::exporter, Binder(), hash_spki(spki)}));
  }
  must(attester.start());
  return must(waiting.front().take()).size();
}

}  // namespace ratls::bench
