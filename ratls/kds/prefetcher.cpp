#include <ratls/kds/prefetcher.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <variant>

namespace ratls {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

using Query = std::variant<EndorsementQuery, CrlQuery>;

/// A query, and when it may be tried.
struct Entry {
  Query query;
  steady_clock::time_point due;
  unsigned tries = 0;
  bool over = false;  ///< rests until `due`, then is forgotten
};

std::string key_of(const EndorsementQuery& query) {
  const std::string line(query.line ? snp::amd_name(*query.line) : "?");
  return line + std::string(name(query.kind)) + query.chip_id.hex() + query.reported_tcb.text();
}

std::string key_of(const CrlQuery& query) {
  return std::string(snp::amd_name(query.line)) + std::string(name(query.kind)) + "crl" +
         (query.ark ? query.ark->hex() : std::string());
}

// What time heals: the network and the service. Not a refused answer, nor an unknown chip.
bool may_pass(const Error& error) {
  switch (error.kind()) {
    case Errc::timeout:
    case Errc::closed:
      return true;
    case Errc::io:
      return error.reason() != Reason::kds_not_found;
    default:
      return false;
  }
}

}  // namespace

struct Prefetcher::State {
  State(KdsClient& from, CollateralStore& to, PrefetchOptions given)
      : client(from), store(to), options(std::move(given)) {}

  void want(const std::string& key, Query query);
  void work();
  void forget_rested(steady_clock::time_point now);
  std::map<std::string, Entry>::iterator next_due();
  Result<void> fetch(const EndorsementQuery& query);
  Result<void> fetch(const CrlQuery& query);
  PrefetchEvent attempt(const Query& query);
  void settle(const std::string& key, PrefetchEvent& event);
  [[nodiscard]] std::size_t pending() const;

  KdsClient& client;
  CollateralStore& store;
  const PrefetchOptions options;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::map<std::string, Entry> entries;  // at most max_queries
  bool stopping = false;
  std::thread worker;  // last: it uses the rest
};

void Prefetcher::State::want(const std::string& key, Query query) {
  const std::lock_guard lock(mutex);
  forget_rested(steady_clock::now());
  if (stopping || entries.size() >= options.max_queries) return;
  entries.try_emplace(key, Entry{std::move(query), steady_clock::now()});
  changed.notify_all();
}

void Prefetcher::State::forget_rested(steady_clock::time_point now) {
  std::erase_if(entries,
                [&](const auto& entry) { return entry.second.over && entry.second.due <= now; });
}

std::map<std::string, Entry>::iterator Prefetcher::State::next_due() {
  auto out = entries.end();
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (entry->second.over) continue;
    if (out == entries.end() || entry->second.due < out->second.due) out = entry;
  }
  return out;
}

void Prefetcher::State::work() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const auto next = next_due();
    if (next == entries.end()) {
      changed.wait(lock);
      continue;
    }
    if (const auto due = next->second.due; due > steady_clock::now()) {
      changed.wait_until(lock, due);
      continue;
    }
    const std::string key = next->first;
    const Query query = next->second.query;
    lock.unlock();
    PrefetchEvent event = attempt(query);
    lock.lock();
    settle(key, event);
    lock.unlock();
    if (options.on_try) options.on_try(event);
    lock.lock();
    changed.notify_all();
  }
}

Result<void> Prefetcher::State::fetch(const EndorsementQuery& query) {
  RATLS_TRY(const KdsAnswer answer, client.vcek(query));
  RATLS_TRY(const PutResult put, store.put_endorsement(query, answer.items.front().der));
  static_cast<void>(put);
  return {};
}

Result<void> Prefetcher::State::fetch(const CrlQuery& query) {
  RATLS_TRY(const KdsAnswer answer, client.crl(query));
  RATLS_TRY(const PutResult put, store.put_crl(query, answer.items.front().der));
  static_cast<void>(put);
  return {};
}

PrefetchEvent Prefetcher::State::attempt(const Query& query) {
  PrefetchEvent out;
  out.what = std::visit([&](const auto& which) { return client.url(which); }, query);
  auto done = std::visit([&](const auto& which) { return fetch(which); }, query);
  if (!done) out.error = std::move(done).error();
  return out;
}

// Under the lock.
void Prefetcher::State::settle(const std::string& key, PrefetchEvent& event) {
  const auto found = entries.find(key);
  if (found == entries.end()) return;
  if (!event.error) {
    entries.erase(found);
    return;
  }
  Entry& entry = found->second;
  ++entry.tries;
  event.again = may_pass(*event.error) && entry.tries < options.tries;
  entry.over = !event.again;
  const auto doubled = options.first_rest * (1ULL << std::min(entry.tries - 1, 20U));
  const auto rest = std::min<milliseconds>(doubled, options.longest_rest);
  entry.due = steady_clock::now() + (entry.over ? options.longest_rest : rest);
}

std::size_t Prefetcher::State::pending() const {
  return static_cast<std::size_t>(std::count_if(
      entries.begin(), entries.end(), [](const auto& entry) { return !entry.second.over; }));
}

Prefetcher::Prefetcher(KdsClient& client, CollateralStore& store, PrefetchOptions options)
    : state_(std::make_unique<State>(client, store, std::move(options))) {
  state_->worker = std::thread([state = state_.get()] { state->work(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
  }
  state_->client.shut_down();
  state_->worker.join();
}

void Prefetcher::want(const EndorsementQuery& query) {
  state_->want(key_of(query), query);
}

void Prefetcher::want(const CrlQuery& query) {
  state_->want(key_of(query), query);
}

std::size_t Prefetcher::pending() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pending();
}

bool Prefetcher::wait_idle(milliseconds limit) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit, [&] { return state_->pending() == 0; });
}

}  // namespace ratls
