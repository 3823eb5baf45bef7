// What a whole session takes, by the wall clock: latency and its phases, handshakes a second on one
// and two threads, memory of an idle session, bytes on the wire. One JSON object on standard
// output; README.md says what each row contains. Both sides run in memory.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <malloc.h>

#include <ratls/session.h>

#include "support/must.h"
#include "support/world.h"

namespace {

using namespace ratls;
using namespace ratls::bench;
using Clock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::milliseconds kFirmware{8};  // docs/performance.md: Google Cloud, Milan
constexpr std::size_t kIdle = 300;
constexpr std::size_t kFewer = 20;  // with --quick: that it runs, not how fast
constexpr std::size_t kQuantiles = 101;

/// A simulated guest of its own; `latency`: of its firmware.
class Guest {
 public:
  explicit Guest(std::chrono::microseconds latency)
      : source_(World::new_guest(sim::ThrottleOptions{latency})),
        attester_(std::make_shared<Attester>(*source_)) {
    must(attester_->start());
  }
  [[nodiscard]] AttestedIdentity identity() const { return AttestedIdentity(attester_); }

 private:
  std::unique_ptr<ReportSource> source_;
  std::shared_ptr<Attester> attester_;
};

/// Two configurations that fit together, made anew for each handshake.
struct Kind {
  std::string name;
  std::function<ClientConfig()> client;
  std::function<ServerConfig()> server;
};

struct Bytes2 {
  std::size_t to_server = 0;
  std::size_t to_client = 0;
};

std::size_t pump(Session& from, Session& to) {
  const std::size_t count = to.feed(from.output());
  from.sent(count);
  return count;
}

void wait(Session& session) {
  if (session.making_evidence() && !session.wait_evidence(kPatience)) {
    die(Error(Reason::evidence_timeout));
  }
}

Bytes2 drive(Session& client, Session& server) {
  Bytes2 out;
  for (std::size_t moved = 1; moved != 0;) {
    client.advance();
    wait(client);
    client.advance();
    moved = pump(client, server);
    out.to_server += moved;
    server.advance();
    wait(server);
    server.advance();
    const std::size_t back = pump(server, client);
    out.to_client += back;
    moved += back;
  }
  if (client.failure() != nullptr) die(*client.failure());
  if (server.failure() != nullptr) die(*server.failure());
  if (!must(client.poll_acceptance())) die(Error(Reason::verdict_missing));
  return out;
}

Bytes2 handshake(const ClientConfig& mine, const ServerConfig& theirs) {
  Session client = must(Session::client(mine));
  Session server = must(Session::server(theirs));
  return drive(client, server);
}

// A guest that comes back with the ticket of the handshake before. The first one is a full one.
Kind resumed(const Guest& guest) {
  const World& world = World::get();
  const auto wallet = must(TicketWallet::create());
  const auto issuer = must(TicketIssuer::create({TicketIssuer::kMaxLifetime, 1024}));
  const AcceptEvidence evidence{world.new_verifier()};
  const auto client = [id = guest.identity(), wallet, &world] {
    ClientConfig out(id, AcceptKey{world.broker()->spki_sha256()});
    out.tickets = wallet;
    return out;
  };
  const auto server = [=, &world] {
    ServerConfig out(world.broker(), evidence);
    out.tickets = issuer;
    return out;
  };
  handshake(client(), server());
  if (wallet->size() == 0) die(Error(Reason::ticket_unknown));
  return {"client_resumed", client, server};
}

std::vector<Kind> kinds(const Guest& guest, const Guest& slow, const Guest& peer) {
  const World& world = World::get();
  const AcceptKey broker{world.broker()->spki_sha256()};
  const auto visitor = World::identity(0);
  const AcceptEvidence warm{world.new_verifier()};
  const auto cold = [&world] { return AcceptEvidence{world.new_verifier()}; };
  const auto pinned = [=] { return ServerConfig(visitor, broker); };
  const auto plain = [=, key = visitor->spki_sha256(), &world] {
    return ClientConfig(world.broker(), AcceptKey{key});
  };
  const auto client = [=](const Guest& one) {
    return [id = one.identity(), broker] { return ClientConfig(id, broker); };
  };
  const auto judge = [=, &world](auto evidence) {
    return [=, &world] { return ServerConfig(world.broker(), evidence()); };
  };
  const auto warmed = [warm] { return warm; };
  const auto both_client = [id = guest.identity(), warm] { return ClientConfig(id, warm); };
  const auto both_server = [id = peer.identity(), warm] { return ServerConfig(id, warm); };
  return {{"plain_mutual", plain, pinned},
          {"client_level3_warm", client(guest), judge(warmed)},
          {"client_level3_cold", client(guest), judge(cold)},
          {"client_level3_firmware_8ms", client(slow), judge(warmed)},
          resumed(guest),
          {"mutual_level2_level3_warm", both_client, both_server},
          {"mutual_level2_level3_cold",
           [id = guest.identity(), cold] { return ClientConfig(id, cold()); },
           [id = peer.identity(), cold] { return ServerConfig(id, cold()); }}};
}

std::vector<double> latencies(const Kind& kind, std::size_t count) {
  std::vector<double> out;
  handshake(kind.client(), kind.server());
  for (std::size_t i = 0; i < count; ++i) {
    const ClientConfig client = kind.client();
    const ServerConfig server = kind.server();
    const auto start = Clock::now();
    handshake(client, server);
    out.push_back(Micros(Clock::now() - start).count());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void print_quantiles(const std::vector<double>& sorted) {
  std::printf("[");
  for (std::size_t i = 0; i < kQuantiles; ++i) {
    const std::size_t at = i * (sorted.size() - 1) / (kQuantiles - 1);
    std::printf("%s%.1f", i == 0 ? "" : ", ", sorted[at]);
  }
  std::printf("]");
}

const char* name_of(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::peer_authenticated:
      return "peer_authenticated";
    case Event::Kind::evidence_requested:
      return "evidence_requested";
    case Event::Kind::evidence_ready:
      return "evidence_ready";
    case Event::Kind::handshake_done:
      return "handshake_done";
    case Event::Kind::judged:
      return "judged";
    case Event::Kind::verdict_received:
      break;
  }
  return "verdict_received";
}

/// Medians of the client's events, in microseconds since its session was made.
void print_phases(const Kind& kind, std::size_t count) {
  std::map<Event::Kind, std::vector<double>> seen;
  for (std::size_t i = 0; i < count; ++i) {
    ClientConfig client = kind.client();
    client.observer = [&](const Event& event) {
      seen[event.kind].push_back(static_cast<double>(event.since_start.count()));
    };
    handshake(client, kind.server());
  }
  std::printf("{");
  const char* separator = "";
  for (auto& [event, times] : seen) {
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                     times.end());
    std::printf("%s\"%s\": %.0f", separator, name_of(event), times[times.size() / 2]);
    separator = ", ";
  }
  std::printf("}");
}

/// Handshakes a second of `threads` threads, each with sessions of its own.
double rate(const std::vector<std::vector<Kind>>& of_thread, std::size_t which, std::size_t threads,
            std::size_t count) {
  std::vector<std::thread> running;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&kind = of_thread[i][which], count] {
      const ClientConfig client = kind.client();
      const ServerConfig server = kind.server();
      for (std::size_t done = 0; done < count; ++done) handshake(client, server);
    });
  }
  for (std::thread& thread : running) thread.join();
  return static_cast<double>(threads * count) / (Micros(Clock::now() - start).count() / 1e6);
}

std::size_t heap() {
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// Bytes of heap that an open session holds when its handshake's memory is gone: client, server.
std::pair<std::size_t, std::size_t> idle_memory(const Kind& kind) {
  const ClientConfig client_config = kind.client();
  const ServerConfig server_config = kind.server();
  std::vector<Session> clients;
  std::vector<Session> servers;
  clients.reserve(kIdle);
  servers.reserve(kIdle);
  const std::size_t before = heap();
  for (std::size_t i = 0; i < kIdle; ++i) {
    clients.push_back(must(Session::client(client_config)));
    servers.push_back(must(Session::server(server_config)));
    drive(clients.back(), servers.back());
  }
  const std::size_t both = heap() - before;
  clients.clear();
  const std::size_t of_servers = heap() - before;
  return {(both - of_servers) / kIdle, of_servers / kIdle};
}

void print_kind(const Kind& kind, std::size_t share, bool last) {
  // The 8 ms rows take the wall clock's time, so fewer.
  const std::size_t count = (kind.name.find("8ms") == std::string::npos ? 400 : 100) / share;
  const Bytes2 wire = handshake(kind.client(), kind.server());
  const auto [of_client, of_server] = idle_memory(kind);
  std::printf("\"%s\": {\"latency_us\": ", kind.name.c_str());
  print_quantiles(latencies(kind, count));
  std::printf(", \"phases_us\": ");
  print_phases(kind, 100 / share);
  std::printf(", \"wire_bytes\": {\"to_server\": %zu, \"to_client\": %zu}", wire.to_server,
              wire.to_client);
  std::printf(", \"idle_bytes\": {\"client\": %zu, \"server\": %zu}}%s", of_client, of_server,
              last ? "" : ", ");
}

}  // namespace

int main(int argc, char** argv) {
  World::choose_folder(argc, argv);
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const std::size_t share = quick ? kFewer : 1;
  const Guest guest(std::chrono::microseconds(0));
  const Guest slow(kFirmware);
  const Guest peer(std::chrono::microseconds(0));
  const Guest second(std::chrono::microseconds(0));
  const Guest second_peer(std::chrono::microseconds(0));
  const std::vector<std::vector<Kind>> of_thread{kinds(guest, slow, peer),
                                                 kinds(second, slow, second_peer)};
  std::printf("{\"kinds\": {");
  for (const Kind& kind : of_thread[0]) print_kind(kind, share, &kind == &of_thread[0].back());
  std::printf("}, \"handshakes_per_second\": {");
  const char* separator = "";
  for (const std::size_t which : {0U, 1U, 4U}) {
    const double one = rate(of_thread, which, 1, 1000 / share);
    const double two = rate(of_thread, which, 2, 1000 / share);
    std::printf("%s\"%s\": {\"1\": %.0f, \"2\": %.0f}", separator, of_thread[0][which].name.c_str(),
                one, two);
    separator = ", ";
  }
  std::printf("}}\n");
  return 0;
}
