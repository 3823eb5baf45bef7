#include "sim_world.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include <ratls/verify/policy_json.h>

#include "sim_folder.h"

namespace ratls::test {
namespace {

constexpr Timestamp kNow{1793491200};           // 2026-11-01
constexpr Timestamp kEndorsedFrom{1767225600};  // 2026-01-01

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::cerr << result.error().message() << '\n';
    std::abort();
  }
  return std::move(result).value();
}

// Members are destroyed in reverse order: the attester before its source.
struct Running {
  std::unique_ptr<ReportSource> source;
  Attester attester;
};

}  // namespace

SimWorld::SimWorld(sim::Product product)
    : product_(product), authority_(open_authority()), clock_(kNow) {}

Timestamp SimWorld::now() {
  return kNow;
}

sim::ProcessorOptions SimWorld::guest() const {
  return sim::processor_of(authority_, product_);
}

std::unique_ptr<sim::Processor> SimWorld::processor(sim::ProcessorOptions options) {
  return need(sim::Processor::make(authority_, std::move(options), kEndorsedFrom, sleeper_));
}

sim::PolicyOptions SimWorld::policy_options() const {
  sim::PolicyOptions options;
  options.products = {product_};
  return options;
}

Policy SimWorld::policy() {
  return policy(policy_options());
}

Policy SimWorld::policy(const sim::PolicyOptions& options) {
  const std::string json = need(sim::policy_json(authority_, options));
  return need(parse_policy(as_bytes(json)));
}

std::shared_ptr<Attester> start_attester(std::unique_ptr<ReportSource> source) {
  ReportSource& device = *source;
  auto running = std::shared_ptr<Running>(new Running{std::move(source), Attester(device)});
  if (const auto started = running->attester.start(); !started) {
    std::cerr << started.error().message() << '\n';
    std::abort();
  }
  return {running, &running->attester};
}

}  // namespace ratls::test
