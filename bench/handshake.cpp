// TLS 1.3 handshakes of this library, plain and attested; README.md says what each row contains.
//
// Both sides run in one thread over memory. The column "Time" is CPU time of client and server
// together, of all threads, without the simulated firmware.
#include <benchmark/benchmark.h>

#include "support/attested.h"
#include "support/must.h"
#include "support/plain_tls.h"

namespace {

using namespace ratls;
using namespace ratls::bench;

// A broker's certificate carries no evidence.
constexpr std::size_t kNoExtension = 0;

void count_bytes(benchmark::State& state, const Identity* client, const Identity& server) {
  if (client != nullptr) {
    state.counters["client_certificate"] = static_cast<double>(client->certificate.size());
  }
  state.counters["server_certificate"] = static_cast<double>(server.certificate.size());
}

void plain_one_way(benchmark::State& state) {
  const Identity server = make_identity(kNoExtension);
  for (auto _ : state) {
    Stopwatch watch;
    watch.start();
    plain_handshake(nullptr, server);
    watch.stop();
    state.SetIterationTime(watch.seconds());
  }
  count_bytes(state, nullptr, server);
}

// Certificates of both sides ready made, and as large as evidence makes them.
void mutual_ready(benchmark::State& state) {
  const std::size_t size = evidence_size();
  const Identity server = make_identity(size);
  const Identity client = make_identity(size);
  for (auto _ : state) {
    Stopwatch watch;
    watch.start();
    plain_handshake(&client, server);
    watch.stop();
    state.SetIterationTime(watch.seconds());
  }
  count_bytes(state, &client, server);
}

// The client's key and certificate are made for this handshake; those of the server too, where both
// would be attested.
void dummy_extension(benchmark::State& state, Attested who) {
  const DummyWorld world(who);
  while (state.KeepRunningBatch(kTimedPerReport)) {
    Stopwatch watch;
    world.run_batch(watch);
    state.SetIterationTime(watch.seconds());
  }
}

// One report for many sessions, which the verifier has seen before.
void attested_warm(benchmark::State& state, Attested who) {
  const Verifiers verifiers;
  while (state.KeepRunningBatch(kTimedPerReport)) {
    Stopwatch watch;
    run_batch(who, verifiers, watch);
    state.SetIterationTime(watch.seconds());
  }
}

// A report for each session, of a chip that the verifier has seen before.
void attested_new_report(benchmark::State& state, Attested who) {
  const Verifiers verifiers;
  Stopwatch first;
  run_alone(who, verifiers, first);
  for (auto _ : state) {
    Stopwatch watch;
    run_alone(who, verifiers, watch);
    state.SetIterationTime(watch.seconds());
  }
}

// A report for each session, and verifiers that have seen nothing.
void attested_cold(benchmark::State& state, Attested who) {
  for (auto _ : state) {
    const Verifiers verifiers;
    Stopwatch watch;
    run_alone(who, verifiers, watch);
    state.SetIterationTime(watch.seconds());
  }
}

#define RATLS_ROW(name) BENCHMARK(name)->UseManualTime()->Unit(benchmark::kMicrosecond)
#define RATLS_ATTESTED_ROW(name, row, who)   \
  BENCHMARK_CAPTURE(row, who, Attested::who) \
      ->Name(#name)                          \
      ->UseManualTime()                      \
      ->Unit(benchmark::kMicrosecond)
RATLS_ROW(plain_one_way);
RATLS_ROW(mutual_ready);
RATLS_ATTESTED_ROW(mutual_dummy_extension, dummy_extension, client_only);
RATLS_ATTESTED_ROW(attested_warm, attested_warm, client_only);
RATLS_ATTESTED_ROW(attested_new_report, attested_new_report, client_only);
RATLS_ATTESTED_ROW(attested_cold, attested_cold, client_only);
RATLS_ATTESTED_ROW(both_dummy_extension, dummy_extension, both);
RATLS_ATTESTED_ROW(both_attested_warm, attested_warm, both);
RATLS_ATTESTED_ROW(both_attested_cold, attested_cold, both);

}  // namespace

int main(int count, char** arguments) {
  World::choose_folder(count, arguments);
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 64;
  World::get();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
