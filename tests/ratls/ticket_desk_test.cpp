// What an issuer seals and remembers, and what a wallet keeps.
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <thread>

#include "resumed_world.h"

using namespace ratls;
using detail::TicketDesk;
using ratls::test::ResumedWorld;
using std::chrono::seconds;

namespace {

const Bytes kSession(80, 0x5e);
const Bytes kServer(91, 0x11);

/// Evidence that a verifier accepted and kept; one for all tests.
const detail::AcceptedBefore& accepted_before() {
  static const detail::AcceptedBefore shared = [] {
    ResumedWorld world;
    const ratls::test::AcceptedPair pair(world.guest(nullptr), world.broker());
    const Peer* peer = pair.pair.server.peer();
    return detail::AcceptedBefore{world.verifier->keep(*peer->attested(), peer->spki()),
                                  TicketDesk::Clock::now()};
  }();
  return shared;
}

detail::AcceptedBefore accepted_now() {
  return {accepted_before().evidence, TicketDesk::Clock::now()};
}

struct Issuer {
  explicit Issuer(TicketIssuer::Rules rules = {}) : made(TicketIssuer::create(rules).value()) {}
  TicketDesk* operator->() { return &detail::desk_of(*made); }
  Bytes ticket(std::string_view alpn = "") {
    return (*this)->seal(kSession, accepted_now(), detail::ticket_use(kServer, alpn)).value();
  }
  Result<TicketDesk::Opened> open(ByteView ticket, std::string_view alpn = "",
                                  ByteView server = kServer) {
    Bytes memory(256);
    auto out = (*this)->open(ticket, detail::ticket_use(server, alpn), memory);
    if (out) CHECK(equal_ct(ByteView(memory).first(out->session_size), kSession));
    return out;
  }
  std::string refused(ByteView ticket, std::string_view alpn = "", ByteView server = kServer) {
    const auto out = open(ticket, alpn, server);
    return out ? "opened" : std::string(code(out.error().reason()));
  }
  std::shared_ptr<TicketIssuer> made;
};

bool contains(ByteView bytes, ByteView part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

}  // namespace

TEST_CASE("a ticket opens for the server's key and the protocol that it was sealed for only") {
  Issuer issuer;
  const Bytes ticket = issuer.ticket("h2");
  CHECK(issuer.refused(ticket, "h2") == "opened");
  CHECK(issuer.refused(ticket, "") == "ticket_unknown");
  CHECK(issuer.refused(ticket, "h3") == "ticket_unknown");
  CHECK(issuer.refused(ticket, "h2", Bytes(91, 0x12)) == "ticket_unknown");
  Issuer other;
  CHECK(other.refused(ticket, "h2") == "ticket_unknown");
}

TEST_CASE("nothing of a ticket is readable, and any changed byte or other length is unknown") {
  Issuer issuer;
  const Bytes ticket = issuer.ticket();
  CHECK_FALSE(contains(ticket, ByteView(kSession).first(8)));
  CHECK_FALSE(contains(ticket, accepted_before().evidence->digest().view().first(8)));
  for (std::size_t i = 0; i < ticket.size(); ++i) {
    Bytes changed = ticket;
    changed[i] ^= 1U;
    CHECK(issuer.refused(changed) == "ticket_unknown");
    CHECK(issuer.refused(ByteView(ticket).first(i)) == "ticket_unknown");
  }
  Bytes longer = ticket;
  longer.push_back(0);
  CHECK(issuer.refused(longer) == "ticket_unknown");
  CHECK(issuer.refused(Bytes(65535, 0x41)) == "ticket_unknown");
  CHECK(issuer.refused(ticket) == "opened");
}

TEST_CASE("looking at a ticket uses nothing up, and its one use ends it") {
  Issuer issuer;
  const Bytes ticket = issuer.ticket();
  auto opened = issuer.open(ticket);
  REQUIRE(opened);
  auto looked_too = issuer.open(ticket);
  REQUIRE(looked_too);
  CHECK(issuer->remembered() == 1);
  CHECK(issuer->take(*opened->entry));
  CHECK(issuer->take(*opened->entry).error().reason() == Reason::ticket_used);
  CHECK(issuer->take(*looked_too->entry).error().reason() == Reason::ticket_used);
  CHECK(issuer.refused(ticket) == "ticket_unknown");
  CHECK(issuer->remembered() == 0);
}

TEST_CASE("of many threads that hold one ticket exactly one has its use") {
  Issuer issuer;
  for (int round = 0; round < 50; ++round) {
    const Bytes ticket = issuer.ticket();
    std::atomic<int> won{0};
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (!go) std::this_thread::yield();
        Bytes memory(256);
        auto opened = issuer->open(ticket, detail::ticket_use(kServer, ""), memory);
        if (opened && issuer->take(*opened->entry)) ++won;
      });
    }
    go = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(won == 1);
  }
}

TEST_CASE("an issuer remembers as many tickets as it may, and the oldest goes first") {
  Issuer issuer({seconds(300), 3});
  std::vector<Bytes> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(issuer.ticket());
  auto looked = issuer.open(tickets[0]);
  REQUIRE(looked);
  tickets.push_back(issuer.ticket());
  CHECK(issuer->remembered() == 3);
  CHECK(issuer.refused(tickets[0]) == "ticket_unknown");
  for (int i = 1; i < 4; ++i)
    CHECK(issuer.refused(tickets[static_cast<std::size_t>(i)]) == "opened");
  // Whoever had looked at it before is not refused for that.
  CHECK(issuer->take(*looked->entry));
  CHECK(issuer->take(*looked->entry).error().reason() == Reason::ticket_used);
}

TEST_CASE("a ticket ends by the process's own clock, whatever the verifier's shows") {
  Issuer issuer({seconds(1), 10});
  const Bytes ticket = issuer.ticket();
  auto looked = issuer.open(ticket);
  REQUIRE(looked);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  CHECK(issuer.refused(ticket) == "ticket_expired");
  CHECK(issuer->take(*looked->entry).error().reason() == Reason::ticket_expired);
  // And what has ended makes room.
  static_cast<void>(issuer.ticket());
  CHECK(issuer->remembered() == 1);
}

TEST_CASE("what an operator forgets opens nothing, though a session had looked at it") {
  Issuer issuer;
  const Bytes ticket = issuer.ticket();
  auto looked = issuer.open(ticket);
  REQUIRE(looked);
  issuer.made->forget_all();
  CHECK(issuer->remembered() == 0);
  CHECK(issuer.refused(ticket) == "ticket_unknown");
  CHECK(issuer->take(*looked->entry).error().reason() == Reason::ticket_used);
}

TEST_CASE("a session that is longer than TLS's own gets no ticket") {
  Issuer issuer;
  const auto made = issuer->seal(Bytes(257, 1), accepted_now(), detail::ticket_use(kServer, ""));
  CHECK(made.error().reason() == Reason::internal);
  CHECK(issuer->remembered() == 0);
}

namespace {

detail::CarriedTicket carried(std::uint8_t mark, seconds ago = seconds(0)) {
  return {SecretBytes::take(Bytes(8, mark)).value(), kServer, TicketDesk::Clock::now() - ago};
}

int mark_of(const std::optional<detail::CarriedTicket>& ticket) {
  if (!ticket) return -1;
  return ticket->session.expose([](ByteView bytes) { return static_cast<int>(bytes[0]); });
}

}  // namespace

TEST_CASE(
    "a wallet gives each ticket once, the newest that fits first, and the oldest makes room") {
  const ResumedWorld world;
  const auto wallet = TicketWallet::create(2).value();
  detail::TicketPurse& purse = detail::purse_of(*wallet);
  detail::TicketFor other = world.use();
  other.pin.mutable_view()[0] ^= 1U;
  purse.put(world.use(), carried(1));
  purse.put(world.use(), carried(2));
  purse.put(world.use(), carried(3));
  CHECK(wallet->size() == 2);
  CHECK(mark_of(purse.take(other)) == -1);
  CHECK(mark_of(purse.take(world.use())) == 3);
  CHECK(mark_of(purse.take(world.use())) == 2);
  CHECK(mark_of(purse.take(world.use())) == -1);
  purse.put(world.use(), carried(4));
  wallet->clear();
  CHECK(mark_of(purse.take(world.use())) == -1);
}

TEST_CASE("a wallet shows no ticket to another key, for another protocol, or of another attester") {
  const ResumedWorld world;
  const ResumedWorld another;
  const auto wallet = TicketWallet::create().value();
  detail::TicketPurse& purse = detail::purse_of(*wallet);
  purse.put(world.use(), carried(1));
  detail::TicketFor pin = world.use();
  pin.pin.mutable_view()[31] ^= 1U;
  detail::TicketFor protocol = world.use();
  protocol.alpn = {"h2"};
  const detail::TicketFor attester{world.use().pin, {}, another.world.guest()};
  for (const auto& use : {pin, protocol, attester}) CHECK(mark_of(purse.take(use)) == -1);
  CHECK(mark_of(purse.take(world.use())) == 1);
}

TEST_CASE("a wallet forgets what goes back more than ten minutes") {
  const ResumedWorld world;
  const auto wallet = TicketWallet::create().value();
  detail::TicketPurse& purse = detail::purse_of(*wallet);
  purse.put(world.use(), carried(1, seconds(601)));
  CHECK(mark_of(purse.take(world.use())) == -1);
  CHECK(wallet->size() == 0);
  purse.put(world.use(), carried(2, seconds(590)));
  CHECK(mark_of(purse.take(world.use())) == 2);
}
