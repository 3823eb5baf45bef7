// A thousand guests' sessions at once, behind firmware that is throttled as the real one is.
//
//   batch [--sessions=N] [--world=DIR]
//
// Prints one JSON object. Every session is bound to itself; the reports are shared
// (docs/protocol.md, section 4). One thread drives all sessions of both sides.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include <ratls/session.h>

#include "support/must.h"
#include "support/world.h"

namespace {

using namespace ratls;
using bench::die;
using bench::must;
using bench::World;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kSessions = "--sessions=";
constexpr std::chrono::seconds kPatience{60};

double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

/// Counts what the firmware is asked for.
class Counted final : public ReportSource {
 public:
  explicit Counted(ReportSource& inner) : inner_(inner) {}
  Result<AttestationReport> get(const ReportData& data) override {
    ++reports;
    return inner_.get(data);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return inner_.name(); }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return inner_.pace(); }

  std::atomic<unsigned> reports{0};

 private:
  ReportSource& inner_;
};

/// Wakes the driving thread when any session's evidence is there.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return rung_; })) {
      die(Error(Reason::evidence_timeout));
    }
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

struct Pair {
  Pair(const ClientConfig& mine, const ServerConfig& theirs)
      : client(must(Session::client(mine))), server(must(Session::server(theirs))) {}
  Session client;
  Session server;
  Clock::time_point asked;
  std::atomic<Clock::time_point> answered{};
  bool waiting = false;
  bool open = false;
};

bool pump(Session& from, Session& to) {
  const std::size_t count = to.feed(from.output());
  from.sent(count);
  return count != 0;
}

void drive(Pair& pair, Bell& bell) {
  for (bool moved = true; moved;) {
    pair.client.advance();
    moved = pump(pair.client, pair.server);
    pair.server.advance();
    moved = pump(pair.server, pair.client) || moved;
  }
  if (pair.client.failure() != nullptr) die(*pair.client.failure());
  if (pair.server.failure() != nullptr) die(*pair.server.failure());
  pair.open = pair.client.state() == Session::State::open && must(pair.client.poll_acceptance());
  if (pair.waiting || pair.client.state() != Session::State::awaiting_evidence) return;
  pair.waiting = true;
  pair.asked = Clock::now();
  pair.client.on_evidence_ready([&pair, &bell] {
    pair.answered = Clock::now();
    bell.ring();
  });
}

struct Measured {
  unsigned reports = 0;
  double evidence_s_max = 0;
  double open_s = 0;
};

Measured run(std::size_t count, ReportSource& firmware) {
  const World& world = World::get();
  Counted source(firmware);
  auto attester = std::make_shared<Attester>(source);
  must(attester->start());
  const ClientConfig client(AttestedIdentity(attester), AcceptKey{world.broker()->spki_sha256()});
  const ServerConfig server(world.broker(), AcceptEvidence{world.new_verifier()});
  Bell bell;
  const auto start = Clock::now();
  std::vector<std::unique_ptr<Pair>> pairs;
  while (pairs.size() < count) pairs.push_back(std::make_unique<Pair>(client, server));
  for (auto& pair : pairs) drive(*pair, bell);
  const auto is_open = [](const auto& pair) { return pair->open; };
  // Where the firmware is quick, some sessions did not have to wait.
  const auto opened = static_cast<std::size_t>(std::count_if(pairs.begin(), pairs.end(), is_open));
  for (std::size_t left = count - opened; left > 0;) {
    bell.wait();
    for (auto& pair : pairs) {
      if (pair->open || !pair->client.evidence_ready()) continue;
      drive(*pair, bell);
      left -= pair->open ? 1U : 0U;
    }
  }
  Measured out{source.reports, 0, seconds(Clock::now() - start)};
  for (const auto& pair : pairs) {
    out.evidence_s_max = std::max(out.evidence_s_max, seconds(pair->answered.load() - pair->asked));
  }
  return out;
}

std::size_t sessions_of(int count, char** arguments) {
  std::size_t out = 1000;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument(arguments[i]);
    if (!argument.starts_with(kSessions)) continue;
    const std::string_view number = argument.substr(kSessions.size());
    std::from_chars(number.data(), number.data() + number.size(), out);
  }
  return std::max<std::size_t>(out, 1);
}

}  // namespace

int main(int argc, char** argv) {
  World::choose_folder(argc, argv);
  const std::size_t count = sessions_of(argc, argv);
  const auto free = World::new_guest({});
  const auto throttled = World::new_guest(sim::ThrottleOptions::real());
  run(1, *free);  // what is made once a process
  const Measured unthrottled = run(count, *free);
  const Measured batch = run(count, *throttled);
  std::printf(
      "{\"sessions\": %zu, \"reports\": %u, \"evidence_s_max\": %.3f, \"open_s\": %.3f, "
      "\"unthrottled_s\": %.3f, \"unthrottled_reports\": %u}\n",
      count, batch.reports, batch.evidence_s_max, batch.open_s, unthrottled.open_s,
      unthrottled.reports);
  return 0;
}
