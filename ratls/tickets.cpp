#include <ratls/tickets.h>

#include <ratls/core/crypto.h>
#include <ratls/core/guarded.h>
#include <ratls/detail/ticket_desk.h>
#include <ratls/detail/ticket_purse.h>

namespace ratls {

namespace detail {

TicketDesk& desk_of(TicketIssuer& issuer) noexcept {
  return *issuer.desk_;
}
TicketPurse& purse_of(TicketWallet& wallet) noexcept {
  return *wallet.purse_;
}

void TicketPurse::drop_ended() {
  const auto first = Clock::now() - TicketIssuer::kMaxLifetime;
  kept_.remove_if([&](const Kept& kept) { return kept.ticket.since <= first; });
}

void TicketPurse::put(TicketFor use, CarriedTicket ticket) {
  std::list<Kept> fresh;
  fresh.push_back({std::move(use), std::move(ticket)});
  const std::lock_guard lock(mutex_);
  drop_ended();
  kept_.splice(kept_.end(), fresh);
  if (kept_.size() > most_) kept_.pop_front();
}

std::optional<CarriedTicket> TicketPurse::take(const TicketFor& use) {
  const std::lock_guard lock(mutex_);
  drop_ended();
  for (auto at = kept_.end(); at != kept_.begin();) {
    --at;
    const TicketFor& of = at->use;
    if (of.pin != use.pin || of.alpn != use.alpn || !of.guest.same_as(use.guest)) continue;
    std::optional<CarriedTicket> out(std::move(at->ticket));
    kept_.erase(at);
    return out;
  }
  return std::nullopt;
}

std::size_t TicketPurse::size() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

void TicketPurse::clear() noexcept {
  const std::lock_guard lock(mutex_);
  kept_.clear();
}

}  // namespace detail

TicketIssuer::TicketIssuer(std::unique_ptr<detail::TicketDesk> desk) noexcept
    : desk_(std::move(desk)) {}
TicketIssuer::~TicketIssuer() = default;

Result<std::shared_ptr<TicketIssuer>> TicketIssuer::create(Rules rules) {
  return guarded([&]() -> Result<std::shared_ptr<TicketIssuer>> {
    if (rules.lifetime.count() < 1 || rules.lifetime > kMaxLifetime) {
      return Error(Reason::invalid_config, "tickets last from 1 to 600 seconds");
    }
    if (rules.remembered < 1 || rules.remembered > kMaxRemembered) {
      return Error(Reason::invalid_config, "from 1 to 65536 tickets can be remembered");
    }
    Secret<seal::kKeySize> drawn;
    drawn.fill([](std::span<std::uint8_t, seal::kKeySize> memory) { crypto::random(memory); });
    RATLS_TRY(auto key, drawn.expose([](ByteView bytes) { return SecretBytes::copy_of(bytes); }));
    auto desk = std::make_unique<detail::TicketDesk>(rules, std::move(key));
    return std::shared_ptr<TicketIssuer>(new TicketIssuer(std::move(desk)));
  });
}

std::chrono::seconds TicketIssuer::lifetime() const noexcept {
  return desk_->lifetime();
}
std::size_t TicketIssuer::remembered() const {
  return desk_->remembered();
}
void TicketIssuer::forget_all() noexcept {
  desk_->forget_all();
}

TicketWallet::TicketWallet(std::unique_ptr<detail::TicketPurse> purse) noexcept
    : purse_(std::move(purse)) {}
TicketWallet::~TicketWallet() = default;

Result<std::shared_ptr<TicketWallet>> TicketWallet::create(std::size_t most) {
  return guarded([&]() -> Result<std::shared_ptr<TicketWallet>> {
    if (most < 1 || most > kMaxTickets) {
      return Error(Reason::invalid_config, "a wallet holds from 1 to 64 tickets");
    }
    return std::shared_ptr<TicketWallet>(
        new TicketWallet(std::make_unique<detail::TicketPurse>(most)));
  });
}

std::size_t TicketWallet::size() const {
  return purse_->size();
}
void TicketWallet::clear() noexcept {
  purse_->clear();
}

}  // namespace ratls
