// Which frame may come when: single rules by name, then every order of events up to a depth.
#include <catch2/catch_test_macros.hpp>

#include <ratls/detail/exchange.h>

using namespace ratls;
using detail::Exchange;
using detail::FrameContext;
using detail::RequestFrame;

namespace {

FrameContext context_of(std::uint8_t value) {
  return *FrameContext::from(Bytes(32, value));
}

RequestFrame request_of(std::uint8_t value) {
  return {context_of(value), 3};
}

Exchange with(bool reattestation, bool can_answer = true) {
  return Exchange({can_answer, reattestation});
}

// The reason that a call fails with; nothing where it succeeds.
std::optional<Reason> why(const Result<void>& result) {
  if (result) return std::nullopt;
  return result.error().reason();
}

}  // namespace

TEST_CASE("a second REQUEST before the VERDICT over the first is a duplicate") {
  Exchange exchange = with(true);
  REQUIRE(exchange.on_request(request_of(1)));
  CHECK(why(exchange.on_request(request_of(2))) == Reason::duplicate_request);
  exchange.answer();
  CHECK(why(exchange.on_request(request_of(2))) == Reason::duplicate_request);
  REQUIRE(exchange.on_verdict());
  CHECK(exchange.on_request(request_of(2)));
}

TEST_CASE("a context is taken once, also one of this side's own") {
  Exchange exchange = with(true);
  REQUIRE(exchange.on_request(request_of(1)));
  exchange.answer();
  REQUIRE(exchange.on_verdict());
  CHECK(why(exchange.on_request(request_of(1))) == Reason::context_reused);
  REQUIRE(exchange.ask(context_of(2), false));
  CHECK(why(exchange.on_request(request_of(2))) == Reason::context_reused);
}

TEST_CASE("a REQUEST after application bytes needs reattestation") {
  Exchange off = with(false);
  REQUIRE(off.on_data());
  CHECK(why(off.on_request(request_of(1))) == Reason::reattestation_off);
  CHECK(why(off.ask(context_of(2), false)) == Reason::reattestation_off);
  CHECK(off.ask(context_of(3), true));
  Exchange on = with(true);
  REQUIRE(on.on_data());
  CHECK(on.on_request(request_of(1)));
}

TEST_CASE("a REQUEST is refused by a side that cannot attest, or not as high as demanded") {
  Exchange exchange = with(false, false);
  CHECK(why(exchange.on_request(request_of(1))) == Reason::cannot_attest);
  Exchange other = with(false);
  CHECK(why(other.on_request({context_of(1), 4})) == Reason::level_unavailable);
  CHECK(other.on_request({context_of(1), 0}));
}

TEST_CASE("EVIDENCE is taken for the open REQUEST only, once") {
  Exchange exchange = with(false);
  CHECK(why(exchange.on_evidence(context_of(1))) == Reason::unsolicited_evidence);
  REQUIRE(exchange.ask(context_of(1), true));
  CHECK(why(exchange.on_evidence(context_of(2))) == Reason::context_mismatch);
  CHECK(exchange.on_evidence(context_of(1)));
  exchange.judge();
  CHECK(why(exchange.on_evidence(context_of(1))) == Reason::unsolicited_evidence);
}

TEST_CASE("a VERDICT is taken only over what this side showed") {
  Exchange exchange = with(false);
  CHECK(why(exchange.on_verdict()) == Reason::frame_out_of_order);
  REQUIRE(exchange.on_request(request_of(1)));
  CHECK(why(exchange.on_verdict()) == Reason::frame_out_of_order);
  exchange.answer();
  CHECK(exchange.on_verdict());
  CHECK(why(exchange.on_verdict()) == Reason::frame_out_of_order);
}

TEST_CASE("no DATA comes between a peer's REQUEST and its VERDICT") {
  Exchange exchange = with(true);
  REQUIRE(exchange.on_data());
  REQUIRE(exchange.on_request(request_of(1)));
  CHECK(why(exchange.on_data()) == Reason::frame_out_of_order);
  exchange.answer();
  CHECK(why(exchange.on_data()) == Reason::frame_out_of_order);
  REQUIRE(exchange.on_verdict());
  CHECK(exchange.on_data());
}

TEST_CASE("a side that must be judged takes nothing before the REQUEST") {
  Exchange exchange = with(false);
  exchange.expect_request();
  CHECK(why(exchange.on_data()) == Reason::evidence_not_requested);
  CHECK(why(exchange.on_verdict()) == Reason::frame_out_of_order);
  CHECK(why(exchange.on_end()) == Reason::evidence_not_requested);
  CHECK_FALSE(exchange.may_send());
  REQUIRE(exchange.on_request(request_of(1)));
  CHECK(why(exchange.on_end()) == Reason::verdict_missing);
}

TEST_CASE("an end while this side asks is missing evidence, not an orderly close") {
  Exchange exchange = with(false);
  CHECK(exchange.on_end());
  REQUIRE(exchange.ask(context_of(1), true));
  CHECK(why(exchange.on_end()) == Reason::evidence_missing);
}

TEST_CASE("REQUESTs of one channel are counted, and the 4,097th ends it") {
  Exchange exchange = with(true);
  const auto request = [](std::size_t i) {
    FrameContext context;
    context.mutable_view()[0] = static_cast<std::uint8_t>(i);
    context.mutable_view()[1] = static_cast<std::uint8_t>(i >> 8U);
    return RequestFrame{context, 3};
  };
  for (std::size_t i = 0; i < Exchange::kMaxRequests; ++i) {
    REQUIRE(exchange.on_request(request(i)));
    exchange.answer();
    REQUIRE(exchange.on_verdict());
  }
  CHECK(why(exchange.on_request(request(Exchange::kMaxRequests))) == Reason::frame_out_of_order);
}

namespace {

// The rules once more, told as a person would: what has been said so far decides.
struct Account {
  bool i_asked = false;     // my REQUEST is open
  bool he_asked = false;    // his is
  bool i_answered = false;  // and my EVIDENCE is out
  std::uint8_t mine = 100;  // the context of my next REQUEST
  std::uint8_t his = 0;     // and of his

  // May event `e` happen now? Records it where it may.
  bool allows(int e) {
    switch (e) {
      case 0:  // I ask
        if (i_asked) return false;
        ++mine;
        return i_asked = true;
      case 1:  // I answer
        if (!he_asked || i_answered) return false;
        return i_answered = true;
      case 2:  // he asks, under a new context
        if (he_asked) return false;
        ++his;
        return he_asked = true;
      case 3:  // he answers, and I accept
        if (!i_asked) return false;
        i_asked = false;
        return true;
      case 4:  // he accepts
        if (!i_answered) return false;
        he_asked = i_answered = false;
        return true;
      case 5:  // he sends DATA
        return !he_asked;
      case 6:  // he closes in order
        return !he_asked && !i_asked;
      default:  // he asks under a context that was used; or it was not, and is none of anybody's
        return false;
    }
  }
};

// Lets `e` happen as `before` has the contexts; says whether the rules took it.
bool step(Exchange& exchange, int e, const Account& before) {
  switch (e) {
    case 0:
      return exchange.ask(context_of(before.mine), false).has_value();
    case 1:
      exchange.answer();
      return true;
    case 2:
      return exchange.on_request(request_of(before.his)).has_value();
    case 3: {
      const auto last = static_cast<std::uint8_t>(before.mine - 1);
      const bool taken = exchange.on_evidence(context_of(last)).has_value();
      if (taken) exchange.judge();
      return taken;
    }
    case 4:
      return exchange.on_verdict().has_value();
    case 5:
      return exchange.on_data().has_value();
    case 6:
      return exchange.on_end().has_value();
    case 7:
      return exchange.on_request(request_of(0)).has_value() && before.his > 0;
    case 8:
      return exchange.on_request(request_of(100)).has_value() && before.mine > 100;
    default:
      return exchange.on_evidence(context_of(255)).has_value();
  }
}

struct Walk {
  std::size_t orders = 0;
  std::size_t refused = 0;

  void from(const Exchange& exchange, const Account& account, int depth) {
    for (int e = 0; depth > 0 && e < 10; ++e) {
      Account expected = account;
      const bool allowed = expected.allows(e);
      if (e <= 1 && !allowed) continue;  // this side never does what it may not
      Exchange next = exchange;
      if (step(next, e, account) != allowed) FAIL("event " << e << " at depth " << depth);
      ++orders;
      if (!allowed || e == 6) {
        refused += allowed ? 0U : 1U;
        continue;
      }
      const bool sends = !expected.i_asked && (!expected.he_asked || expected.i_answered);
      const bool same = next.asking() == expected.i_asked &&
                        next.acceptance_due() == expected.he_asked && next.may_send() == sends;
      if (!same) FAIL("after event " << e << " at depth " << depth);
      from(next, expected, depth - 1);
    }
  }
};

}  // namespace

TEST_CASE("every order of eleven events is allowed or refused as the protocol's text has it") {
  Walk walk;
  walk.from(with(true), Account{}, 11);
  CHECK(walk.orders > 100000);
  CHECK(walk.refused > 50000);
}
