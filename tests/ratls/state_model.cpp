#include "state_model.h"

#include <array>

#include <catch2/catch_test_macros.hpp>

#include <mbedtls/ssl.h>

#include "../support/failing_memory.h"

namespace ratls::test {

namespace {

using State = Session::State;

constexpr std::chrono::seconds kPatience{20};

Session make(const std::function<Session()>& session, bool lost_callback) {
  std::optional<LostCallback> lost;
  if (lost_callback) lost.emplace();
  return session();
}

std::optional<Reason> reason_of(const Session& session) {
  if (session.failure() == nullptr) return std::nullopt;
  return session.failure()->reason();
}

/// `work`, while memory runs out at the n-th allocation, and from there on where `and_later`.
template <class Work>
void without_memory(std::size_t nth, bool and_later, Work&& work) {
  bool thrown = false;
  fail_memory({nth, and_later, MemoryPlan::Thread::this_one});
  try {
    work();
  } catch (...) {
    thrown = true;
  }
  stop_failing_memory();
  CHECK_FALSE(thrown);
}

void receive_without_memory(Run& run, std::size_t nth, bool and_later) {
  const Bytes bytes = run.waiting();
  without_memory(nth, and_later, [&] { run.receive(bytes); });
}

std::array<std::uint8_t, 64> buffer;

constexpr std::array kActions{
    Action{"advance", [](Run& run) { run.own.advance(); }},
    Action{"receive", [](Run& run) { run.receive(run.waiting()); }},
    Action{"receive one byte",
           [](Run& run) {
             const Bytes bytes = run.waiting();
             run.receive(ByteView(bytes).first(std::min<std::size_t>(1, bytes.size())));
           }},
    Action{"receive, one bit changed",
           [](Run& run) {
             Bytes bytes = run.waiting();
             if (!bytes.empty()) bytes.back() ^= 1U;
             run.receive(bytes);
           }},
    Action{"a record of nobody",
           [](Run& run) {
             const std::array<std::uint8_t, 6> junk{0x17, 0x03, 0x03, 0x00, 0x01, 0x2a};
             run.own.feed(junk);
             run.own.advance();
           }},
    Action{"send", [](Run& run) { run.send(); }},
    Action{"the firmware finishes",
           [](Run& run) {
             run.finish_reports();
             run.own.advance();
           }},
    Action{"the stream ends",
           [](Run& run) {
             run.own.feed_end();
             run.own.advance();
           }},
    Action{"the peer closes", [](Run& run) { static_cast<void>(run.peer.close().has_value()); }},
    Action{"the peer writes",
           [](Run& run) { static_cast<void>(run.peer.write(as_bytes("p")).has_value()); }},
    Action{"the peer asks for evidence",
           [](Run& run) { static_cast<void>(run.peer.request_evidence().has_value()); }},
    Action{"read", [](Run& run) { run.read(); }},
    Action{"write", [](Run& run) { static_cast<void>(run.own.write(as_bytes("x")).has_value()); }},
    Action{"close", [](Run& run) { static_cast<void>(run.own.close().has_value()); }},
    Action{"poll acceptance",
           [](Run& run) { static_cast<void>(run.own.poll_acceptance().has_value()); }},
    Action{"ask for evidence",
           [](Run& run) { static_cast<void>(run.own.request_evidence().has_value()); }},
    Action{"the handshake's deadline",
           [](Run& run) { run.own.abandon(Error(Reason::handshake_timeout)); }},
    Action{"the exchange's deadline", [](Run& run) { run.own.expire(); }},
    Action{"the exporter changes", [](Run& run) { run.lie(); }},
    Action{"receive, and no memory from the first allocation",
           [](Run& run) { receive_without_memory(run, 1, true); }},
    Action{"receive, and no memory for the first allocation",
           [](Run& run) { receive_without_memory(run, 1, false); }},
    Action{"receive, and no memory from the 40th allocation",
           [](Run& run) { receive_without_memory(run, 40, true); }},
    Action{"the firmware finishes, and no memory from the third allocation",
           [](Run& run) {
             run.finish_reports();
             without_memory(3, true, [&] { run.own.advance(); });
           }},
    Action{"write and close, and no memory",
           [](Run& run) {
             without_memory(1, true, [&] {
               static_cast<void>(run.own.write(as_bytes("x")).has_value());
               static_cast<void>(run.own.close().has_value());
             });
           }},
};

}  // namespace

std::span<const Action> all_actions() {
  return kActions;
}

void RecordCounter::take(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    if (header_size_ == 5 && body_ > 0) {
      --body_;
    } else {
      body_ = (body_ << 8U | byte) & 0xFFFFU;  // the last two bytes of the header are its length
      ++header_size_;
    }
    if (header_size_ != 5 || body_ > 0) continue;
    ++whole_;
    header_size_ = 0;
  }
}

Run::Run(const Scenario& what, GatedSource& gate)
    : scenario(what),
      own(make(what.own, what.lost_callback)),
      peer(make(what.peer, false)),
      gate_(gate) {
  set_exporter(scenario.exporter, scenario.own_side);
  gate_.shut();
}

Run::~Run() {
  set_exporter(Exporter::honest, scenario.own_side);
  gate_.open();
}

void Run::finish_reports() {
  if (!own.making_evidence() && !peer.making_evidence()) return;
  gate_.open();
  CHECK(own.wait_evidence(kPatience));
  CHECK(peer.wait_evidence(kPatience));
  gate_.shut();
}

void Run::lie() {
  set_exporter(Exporter::other, scenario.own_side);
  lying_ = scenario.framed;
}

Bytes Run::waiting() const {
  return {peer.output().begin(), peer.output().end()};
}

void Run::receive(ByteView bytes) {
  const std::size_t used = own.feed(bytes);
  peer.sent(used);
  taken_.take(bytes.first(used));
  own.advance();
}

// The peer does what a good program does with what it gets.
void Run::send() {
  pump(own, peer);
  peer.advance();
  finish_reports();
  peer.advance();
  static_cast<void>(peer.poll_acceptance().has_value());
  const auto got = peer.read(buffer);
  if (!got || got->size == 0) return;
  peer_delivered_ = true;
  CHECK(scenario.expect == Scenario::Expect::may_open);
}

void Run::read() {
  const auto got = own.read(buffer);
  if (!got || got->size == 0) return;
  delivered_ = true;
  CHECK(scenario.expect == Scenario::Expect::may_open);
  CHECK(own.peer() != nullptr);
  if (scenario.framed) return;  // there the next REQUEST may be in already
  const auto accepted = own.poll_acceptance();
  CHECK((accepted && *accepted));
}

void Run::check_absorbing() const {
  if (before_ != State::failed && before_ != State::closed) return;
  CHECK(own.state() == before_);
  CHECK(reason_of(own) == reason_before_);
  CHECK(own.output().size() <= output_before_);
}

// What holds in every state, whatever happened.
void Run::check(const Edges& edges, Edges& walked) {
  const State now = own.state();
  CHECK(reachable(edges, before_, now));
  if (edges.contains({before_, now})) walked.emplace(before_, now);
  check_absorbing();
  CHECK((own.failure() != nullptr) == (now == State::refusing || now == State::failed));
  if (now != State::open && now != State::closed) {
    const std::size_t output = own.output().size();
    CHECK(own.peer() == nullptr);
    CHECK_FALSE(own.write(as_bytes("leak")));
    CHECK(own.output().size() == output);
  }
  if (scenario.expect == Scenario::Expect::never_opens) {
    CHECK(now != State::open);
    CHECK(now != State::closed);
    CHECK(own.peer() == nullptr);
  }
  before_ = own.state();
  CHECK(before_ == now);
  reason_before_ = reason_of(own);
  output_before_ = own.output().size();
}

std::string Run::seen() const {
  std::string out;
  for (const Session* side : {&own, &peer}) {
    const auto reason = reason_of(*side);
    out += static_cast<char>('a' + static_cast<int>(side->state()));
    out += reason ? code(*reason) : std::string_view("-");
    for (const bool fact :
         {side->making_evidence(), side->evidence_ready(), side->requesting(), side->writable(),
          side->peer() != nullptr, side->verdict() != nullptr, side->deadline().has_value(),
          side->output().empty(), side->alpn().empty(), side->cipher_suite().empty()}) {
      out += fact ? '1' : '0';
    }
  }
  // Where a handshake is cannot be seen from outside; how much of it was taken tells.
  const bool counts = own.state() == State::handshaking || own.state() == State::awaiting_evidence;
  if (counts) out += std::to_string(taken_.whole());
  for (const bool fact : {taken_.inside(), delivered_, peer_delivered_, lying_})
    out += fact ? '1' : '0';
  return out;
}

}  // namespace ratls::test
