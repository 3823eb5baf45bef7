#include <ratls/client.h>

#include <cstdlib>
#include <utility>

#include <ratls/core/guarded.h>
#include <ratls/detail/pool.h>

namespace ratls {

using detail::Generation;
using detail::Pool;
using detail::Pooled;

Lease::Lease(std::shared_ptr<Pool> pool, Pooled channel, bool reused)
    : pool_(std::move(pool)),
      channel_(std::make_unique<Pooled>(std::move(channel))),
      reused_(reused) {}
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;
Lease::~Lease() = default;

Channel& Lease::operator*() const noexcept {
  if (channel_ == nullptr) std::abort();
  return channel_->channel;
}

bool Lease::reused() const noexcept {
  return reused_;
}

// Without memory for its place it is closed.
void Lease::give_back() noexcept {
  const auto channel = std::exchange(channel_, nullptr);
  if (channel == nullptr) return;
  const auto kept = guarded([&]() -> Result<void> {
    pool_->put(std::move(*channel));
    return {};
  });
  static_cast<void>(kept.has_value());
}

Client::Client(Address server, ClientConfig config, PoolLimits limits)
    : pool_(std::make_shared<Pool>(std::move(server), std::move(config), limits)) {}

Client::~Client() {
  const auto closed = guarded([this]() -> Result<void> {
    pool_->drop_all(true);
    return {};
  });
  static_cast<void>(closed.has_value());
}

void Client::on_drop(Dropped dropped) {
  pool_->dropped = std::move(dropped);
}

LeaseResult Client::connect(Deadline deadline) {
  auto waiting = guarded([this]() -> Result<std::optional<Lease>> {
    auto taken = pool_->take();
    if (!taken) return std::optional<Lease>();
    return std::optional<Lease>(Lease(pool_, std::move(*taken), true));
  });
  if (!waiting) return {waiting.error(), std::nullopt};
  if (*waiting) return {std::move(**waiting), std::nullopt};
  return connect_anew(deadline);
}

// The policy in force is noted before the handshake: it or a later one judges.
LeaseResult Client::connect_anew(Deadline deadline) {
  const Generation in_force = Generation::of(pool_->config());
  const auto begun = std::chrono::steady_clock::now();
  auto opened = ratls::connect(pool_->server(), pool_->config(), deadline);
  if (!opened.channel) return {opened.channel.error(), std::move(opened.verdict)};
  auto lease = guarded([&]() -> Result<Lease> {
    return Lease(pool_, Pooled{std::move(*opened.channel), begun, in_force, {}}, false);
  });
  return {std::move(lease), std::move(opened.verdict)};
}

std::size_t Client::drop_stale() {
  return pool_->drop_stale();
}
void Client::drop_all() {
  pool_->drop_all(false);
}
std::size_t Client::idle() const {
  return pool_->size();
}

}  // namespace ratls
