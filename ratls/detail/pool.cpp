#include <ratls/detail/pool.h>

#include <utility>

#include <ratls/core/guarded.h>

namespace ratls::detail {

namespace {

// A channel with less than this part of its records left is replaced between two uses, before one
// of them meets the limit.
constexpr std::uint64_t kLastPart = 16;

Error retired(const char* why) {
  return Error(Reason::channel_retired, why);
}

}  // namespace

Generation Generation::of(const ClientConfig& config) {
  Generation out;
  const auto* evidence = std::get_if<AcceptEvidence>(&config.accept);
  if (evidence != nullptr && evidence->verifier != nullptr) {
    out.counts_[0] = evidence->verifier->policy_generation();
  }
  if (const auto& demand = config.after_handshake.demand; demand != nullptr) {
    out.counts_[1] = demand->policy_generation();
  }
  return out;
}

Result<void> Pool::check_age(const Pooled& channel, Deadline now,
                             const Generation& in_force) const {
  if (channel.judged_by != in_force) return retired("the policy that judged it was replaced");
  if (now - channel.born >= limits_.max_age) return retired("it was judged too long ago");
  const bool waits = channel.waits_since != Deadline{};
  if (waits && now - channel.waits_since >= limits_.max_idle) return retired("it waited too long");
  return {};
}

// The policy last: what is replaced after this look may have been replaced during the exchange.
Result<void> Pool::check(Pooled& channel) const {
  RATLS_CHECK(channel.channel.at_rest());
  if (channel.channel.records_left() <= config_.record_limit / kLastPart) {
    return Error(Reason::record_limit_reached, "few are left");
  }
  return check_age(channel, std::chrono::steady_clock::now(), Generation::of(config_));
}

std::optional<Pooled> Pool::take() {
  drop_stale();
  while (true) {
    std::optional<Pooled> youngest;
    {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) return std::nullopt;
      youngest.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
    auto good = check(*youngest);
    if (good) return youngest;
    end(std::move(*youngest), good.error());
  }
}

void Pool::put(Pooled channel) {
  channel.waits_since = {};
  if (auto good = check(channel); !good) return end(std::move(channel), good.error());
  channel.waits_since = std::chrono::steady_clock::now();
  std::optional<Pooled> over;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || limits_.idle == 0) {
      over.emplace(std::move(channel));
    } else {
      idle_.push_back(std::move(channel));
    }
    if (idle_.size() > limits_.idle) {
      over.emplace(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
  }
  if (over) end(std::move(*over), retired("enough others wait"));
  drop_stale();
}

std::size_t Pool::drop_stale() {
  const Generation in_force = Generation::of(config_);
  const Deadline now = std::chrono::steady_clock::now();
  std::vector<std::pair<Pooled, Error>> stale;
  {
    const std::lock_guard lock(mutex_);
    stale.reserve(idle_.size());
    std::erase_if(idle_, [&](Pooled& each) {
      auto good = check_age(each, now, in_force);
      if (!good) stale.emplace_back(std::move(each), good.error());
      return !good;
    });
  }
  for (auto& [channel, why] : stale) end(std::move(channel), why);
  return stale.size();
}

void Pool::drop_all(bool for_good) {
  std::vector<Pooled> all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = closed_ || for_good;
    all.swap(idle_);
  }
  for (Pooled& each : all) end(std::move(each), retired("all that wait are closed"));
}

std::size_t Pool::size() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

// A channel at rest says goodbye where the socket has room for it, without waiting.
void Pool::end(Pooled channel, const Error& why) const {
  if (channel.channel.at_rest()) {
    static_cast<void>(channel.channel.close(std::chrono::steady_clock::now()).has_value());
  }
  if (dropped) dropped(why);
}

}  // namespace ratls::detail
