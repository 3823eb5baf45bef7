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
#include <vector>

#include <malloc.h>

#include <ratls/session.h>

#include "support/drive.h"
#include "support/kinds.h"
#include "support/must.h"

namespace {

using namespace ratls;
using namespace ratls::bench;
using Clock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr std::size_t kIdle = 300;
constexpr std::size_t kFewer = 20;  // with --quick: that it runs, not how fast
constexpr std::size_t kQuantiles = 101;

/// How long each of `count` handshakes took, sorted, and what they took of the processor; of that
/// the firmware's part is another processor's and left out.
struct Timed {
  std::vector<double> latencies;  ///< us
  double cpu = 0;                 ///< us, of one handshake
};

Timed time(const Kind& kind, const Guests& guests, std::size_t count) {
  Timed out;
  handshake(kind.client(), kind.server());
  Nanoseconds cpu{0};
  for (std::size_t i = 0; i < count; ++i) {
    const ClientConfig client = kind.client();
    const ServerConfig server = kind.server();
    const Nanoseconds before = process_cpu() - guests.spent();
    const auto start = Clock::now();
    handshake(client, server);
    out.latencies.push_back(Micros(Clock::now() - start).count());
    cpu += process_cpu() - guests.spent() - before;
  }
  std::sort(out.latencies.begin(), out.latencies.end());
  out.cpu = seconds(cpu) * 1e6 / static_cast<double>(count);
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
  const auto start = Clock::now();
  run_on_threads(of_thread, which, threads, count);
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

void print_kind(const Kind& kind, const Guests& guests, std::size_t share, bool last) {
  // The 8 ms rows take the wall clock's time, so fewer.
  const std::size_t count = (kind.name.find("8ms") == std::string::npos ? 400 : 100) / share;
  const WireBytes wire = handshake(kind.client(), kind.server());
  const auto [of_client, of_server] = idle_memory(kind);
  const Timed timed = time(kind, guests, count);
  std::printf("\"%s\": {\"cpu_us\": %.1f, \"latency_us\": ", kind.name.c_str(), timed.cpu);
  print_quantiles(timed.latencies);
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
  const Guests guests;
  const Guests others;
  const std::vector<std::vector<Kind>> of_thread{kinds(guests), kinds(others)};
  std::printf("{\"kinds\": {");
  for (const Kind& kind : of_thread[0]) {
    print_kind(kind, guests, share, &kind == &of_thread[0].back());
  }
  std::printf("}, \"handshakes_per_second\": {");
  const char* separator = "";
  for (std::size_t which = 0; which < of_thread[0].size(); ++which) {
    const Kind& kind = of_thread[0][which];
    if (!kind.rated) continue;
    const double one = rate(of_thread, which, 1, 1000 / share);
    const double two = rate(of_thread, which, 2, 1000 / share);
    std::printf("%s\"%s\": {\"1\": %.0f, \"2\": %.0f}", separator, kind.name.c_str(), one, two);
    separator = ", ";
  }
  std::printf("}}\n");
  return 0;
}
