// What judging evidence costs, next to the two signatures that it stands on.
//
// The same evidence, roots and policy throughout; everything runs in one thread. A row with
// "cached" in its name lets the verifier remember what it has checked before.
#include <benchmark/benchmark.h>

#include <ratls/core/crypto.h>
#include <ratls/core/x509.h>
#include <ratls/verify/snp/detail/report.h>

#include "support/must.h"
#include "support/world.h"

namespace {

using namespace ratls;
using bench::die;
using bench::must;
using bench::World;

constexpr std::size_t kPool = 64;

// Evidence of one guest, each over a report of its own, all with the same endorsement.
struct Pool {
  Bytes spki = Bytes(91, 0x30);
  std::vector<Bytes> evidence;

  static const Pool& get() {
    static const Pool pool;
    return pool;
  }
  [[nodiscard]] SessionView session() const {
    return SessionView{spki, Role::client, Level::exporter, Binder()};
  }

 private:
  Pool() {
    Attester attester(World::get().client_firmware());
    must(attester.start());
    const EvidenceRequest request{Role::client, Level::exporter, Binder(), hash_spki(spki)};
    while (evidence.size() < kPool) evidence.push_back(must(attester.begin(request).take()));
  }
};

void judge(const Verifier& verifier, const Bytes& evidence) {
  const auto outcome = verifier.verify(evidence, Pool::get().session());
  if (!outcome.accepted) die(Error(*outcome.verdict.reason));
}

// Each verifier is used once, so that none knows anything yet.
void verify_cold(benchmark::State& state) {
  const Pool& pool = Pool::get();
  std::vector<std::shared_ptr<const Verifier>> fresh;
  for (auto _ : state) {
    if (fresh.empty()) {
      state.PauseTiming();
      while (fresh.size() < kPool) fresh.push_back(World::get().new_verifier());
      state.ResumeTiming();
    }
    judge(*fresh.back(), pool.evidence.at(fresh.size() - 1));
    fresh.pop_back();
  }
}

// The chip is known, the report is new.
void verify_endorsement_cached(benchmark::State& state) {
  const Pool& pool = Pool::get();
  std::shared_ptr<const Verifier> verifier;
  std::size_t next = 0;
  for (auto _ : state) {
    if (next == 0) {
      state.PauseTiming();
      verifier = World::get().new_verifier();
      judge(*verifier, pool.evidence.front());
      next = kPool - 1;
      state.ResumeTiming();
    }
    judge(*verifier, pool.evidence.at(next--));
  }
}

// The report is known as well: another session under the same report.
void verify_all_cached(benchmark::State& state) {
  const Pool& pool = Pool::get();
  const auto verifier = World::get().new_verifier();
  judge(*verifier, pool.evidence.front());
  for (auto _ : state) judge(*verifier, pool.evidence.front());
}

const EvidenceEnvelope& envelope() {
  static const EvidenceEnvelope out = must(EvidenceEnvelope::decode(Pool::get().evidence.front()));
  return out;
}

Certificate endorsement() {
  return must(Certificate::parse(*envelope().endorsement, Reason::malformed_endorsement));
}

// AMD's signature on the VCEK, hash of the certificate included.
void rsa4096_pss_verify(benchmark::State& state) {
  const RsaNumbers key = must(parse_rsa_spki(World::get().ask_spki(), Reason::internal));
  const Certificate vcek = endorsement();
  for (auto _ : state) {
    must(crypto::verify_rsa_pss_sha384({key.modulus, key.exponent}, vcek.tbs(), vcek.signature()));
  }
}

// The VCEK's signature on the report, hash of the report excluded.
void p384_verify(benchmark::State& state) {
  const auto report = must(snp::detail::parse_report(envelope().report));
  const Certificate vcek = endorsement();
  const Sha384Digest digest = must(snp::detail::signed_digest(envelope().report));
  const auto point = *crypto::P384Point::from(vcek.ec_point());
  for (auto _ : state) {
    must(crypto::verify_p384(point, digest, report.r, report.s));
  }
}

BENCHMARK(verify_cold)->Unit(benchmark::kMicrosecond);
BENCHMARK(verify_endorsement_cached)->Unit(benchmark::kMicrosecond);
BENCHMARK(verify_all_cached)->Unit(benchmark::kMicrosecond);
BENCHMARK(rsa4096_pss_verify)->Unit(benchmark::kMicrosecond);
BENCHMARK(p384_verify)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int count, char** arguments) {
  World::choose_folder(count, arguments);
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
