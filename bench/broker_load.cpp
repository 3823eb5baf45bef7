// Guests by the thousand for a running broker: how long each waits for its secret.
//
//   broker_load --at HOST:PORT --pin sha256//... --source sim:DIR --resource kbs:///repo/type/tag
//               (--burst N | --rate PER_SECOND --seconds S) [--idle N] [--machines M] [--watch PID]
//
// --idle: N guests more get their secret first and keep their connection open until the end.
// Every guest is a connection of its own: handshake with evidence, GET, close. M attesters make the
// evidence (each report covers the sessions that waited for it), so a broker sees that many
// different reports at a time. The guests run on one thread of this process, on the same machine.

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>

#include <ratls/certgen/sim/guest.h>
#include <ratls/services/kbs/resource.h>

#include "support/load_guest.h"

namespace {

using namespace ratls;
using bench::BrokerGuest;
using bench::Tally;
using Clock = std::chrono::steady_clock;

struct Options {
  std::map<std::string, std::string> given;
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = given.find(name);
    return found == given.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::size_t number(const std::string& name, std::size_t otherwise) const {
    const std::string value = text(name);
    std::size_t out = otherwise;
    std::from_chars(value.data(), value.data() + value.size(), out);
    return out;
  }
};

std::size_t resident_kib(const std::string& pid) {
  std::size_t kib = 0;
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) std::sscanf(line.c_str(), "VmRSS: %zu", &kib);
  }
  return kib;
}

/// Starts guests and lets them go.
class Crowd {
 public:
  Crowd(io::Loop& loop, io::Endpoint at, std::vector<ClientConfig> configs, std::string request)
      : loop_(loop),
        at_(std::move(at)),
        configs_(std::move(configs)),
        request_(std::move(request)),
        sweep_(loop),
        tick_(loop) {}

  /// These keep their connections; `then` runs when all have their secret or have failed.
  void keep(std::size_t count, std::function<void()> then) {
    keep_ = count;
    then_ = std::move(then);
    for (std::size_t i = 0; i < std::min(count, kAtOnce); ++i) begin_kept();
  }
  void burst(std::size_t count) {
    last_ = true;
    for (std::size_t i = 0; i < count; ++i) begin();
  }
  void offer(std::size_t per_second, std::size_t seconds, std::string watched) {
    rate_ = per_second;
    begun_at_ = Clock::now();
    ends_ = begun_at_ + std::chrono::seconds(seconds);
    watched_ = std::move(watched);
    tick();
  }
  [[nodiscard]] Tally& tally() { return tally_; }
  [[nodiscard]] std::size_t begun() const { return begun_; }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - begun_at_).count();
  }

  [[nodiscard]] Tally& kept() { return kept_tally_; }

 private:
  static constexpr std::size_t kAtOnce = 64;  // handshakes of those that keep their connection

  void begin() {
    const ClientConfig& config = configs_[begun_++ % configs_.size()];
    guests_.push_back(
        std::make_unique<BrokerGuest>(loop_, at_, config, request_ + "connection: close\r\n\r\n",
                                      tally_, false, [this](BrokerGuest& guest) { over(guest); }));
  }
  void begin_kept() {
    const ClientConfig& config = configs_[kept_.size() % configs_.size()];
    kept_.push_back(std::make_unique<BrokerGuest>(loop_, at_, config, request_ + "\r\n",
                                                  kept_tally_, true,
                                                  [this](BrokerGuest&) { settled(); }));
  }
  void settled() {
    ++settled_;
    if (kept_.size() < keep_) begin_kept();
    if (settled_ == keep_) sweep_.start(std::chrono::milliseconds(0), [this] { then_(); });
  }
  void over(BrokerGuest& guest) {
    const auto at = std::find_if(guests_.begin(), guests_.end(),
                                 [&](const auto& other) { return other.get() == &guest; });
    if (at != guests_.end()) gone_.splice(gone_.end(), guests_, at);
    sweep_.start(std::chrono::milliseconds(0), [this] {
      gone_.clear();
      if (last_ && guests_.empty()) loop_.stop();
    });
  }
  // As many as are due by now, so that a slow moment is made up for: the load is offered, not
  // asked.
  void tick() {
    const double elapsed = seconds();
    const auto due = static_cast<std::size_t>(elapsed * static_cast<double>(rate_)) + 1;
    while (begun_ < due && Clock::now() < ends_) begin();
    if (elapsed >= next_report_) report(elapsed);
    last_ = Clock::now() >= ends_;
    if (last_ && guests_.empty()) return loop_.stop();
    if (!last_) tick_.start(std::chrono::milliseconds(5), [this] { tick(); });
  }
  void report(double elapsed) {
    next_report_ += elapsed < 30 ? 5 : 30;
    if (watched_.empty()) return;
    const std::size_t kib = resident_kib(watched_);
    std::error_code ignored;
    const std::filesystem::directory_iterator fds("/proc/" + watched_ + "/fd", ignored);
    const auto open = std::distance(begin_of(fds), {});
    std::printf("after %3.0f s: %zu served, broker has %zu KiB resident, %td descriptors\n",
                elapsed, tally_.milliseconds.size(), kib, open);
    std::fflush(stdout);
  }
  static std::filesystem::directory_iterator begin_of(std::filesystem::directory_iterator it) {
    return it;
  }

  io::Loop& loop_;
  io::Endpoint at_;
  std::vector<ClientConfig> configs_;
  std::string request_;
  Tally tally_;
  Tally kept_tally_;
  std::list<std::unique_ptr<BrokerGuest>> kept_;
  std::size_t keep_ = 0;
  std::size_t settled_ = 0;
  std::function<void()> then_;
  std::list<std::unique_ptr<BrokerGuest>> guests_;
  std::list<std::unique_ptr<BrokerGuest>> gone_;
  io::Timer sweep_;
  io::Timer tick_;
  std::string watched_;
  std::size_t begun_ = 0;
  std::size_t rate_ = 0;
  bool last_ = false;
  double next_report_ = 0;
  Clock::time_point begun_at_ = Clock::now();
  Clock::time_point ends_;
};

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

bool print_failures(const Tally& tally) {
  for (const auto& [what, count] : tally.failures) {
    std::printf("%zu failed: %s\n", count, what.c_str());
  }
  return tally.failures.empty();
}

int print(Crowd& crowd) {
  auto& times = crowd.tally().milliseconds;
  std::sort(times.begin(), times.end());
  std::printf("%zu guests, %zu served in %.2f s (%.0f a second)\n", crowd.begun(), times.size(),
              crowd.seconds(), static_cast<double>(times.size()) / crowd.seconds());
  std::printf("connect to secret: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, worst %.1f ms\n",
              percentile(times, .5), percentile(times, .9), percentile(times, .99),
              times.empty() ? 0 : times.back());
  const bool kept = print_failures(crowd.kept());
  return print_failures(crowd.tally()) && kept && !times.empty() ? 0 : 1;
}

void report_idle(Crowd& crowd, const Options& options, std::size_t idle) {
  std::printf(
      "%zu of %zu idle connections are open after %.1f s; broker has %zu KiB resident, this "
      "program %zu KiB\n",
      crowd.kept().milliseconds.size(), idle, crowd.seconds(), resident_kib(options.text("watch")),
      resident_kib("self"));
  std::fflush(stdout);
}

/// What the guests borrow.
struct World {
  std::vector<std::unique_ptr<ReportSource>> sources;
  std::vector<ClientConfig> configs;
};

Result<World> make_world(const Options& options) {
  RATLS_TRY(const AcceptKey key, parse_pin(options.text("pin")));
  World out;
  for (std::size_t i = 0; i < options.number("machines", 16); ++i) {
    RATLS_TRY(auto source, sim::open_guest(options.text("source"), {}));
    auto attester = std::make_shared<Attester>(*source);
    RATLS_CHECK(attester->start());
    out.sources.push_back(std::move(source));
    out.configs.emplace_back(AttestedIdentity(std::move(attester)), key);
    out.configs.back().timeouts.idle = std::chrono::hours(1);  // of those that --idle keeps
  }
  return out;
}

Result<int> run(const Options& options) {
  RATLS_TRY(auto world, make_world(options));
  RATLS_TRY(const auto at, io::Endpoint::parse(options.text("at")));
  RATLS_TRY(const auto resource, kbs::Resource::parse_uri(options.text("resource")));
  io::Loop loop;
  Crowd crowd(loop, at, std::move(world.configs),
              "GET " + resource.target() + " HTTP/1.1\r\nhost: broker\r\n");
  const auto begin = [&] {
    if (const std::size_t burst = options.number("burst", 0)) return crowd.burst(burst);
    crowd.offer(options.number("rate", 200), options.number("seconds", 10), options.text("watch"));
  };
  const std::size_t idle = options.number("idle", 0);
  if (idle == 0) begin();
  if (idle != 0) crowd.keep(idle, [&] { report_idle(crowd, options, idle), begin(); });
  loop.run();
  return print(crowd);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
  }
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) options.given[std::string(argv[i]).substr(2)] = argv[i + 1];
  const auto done = run(options);
  if (done) return *done;
  std::fprintf(stderr, "broker_load: %s\n", done.error().message().c_str());
  return 69;
}
