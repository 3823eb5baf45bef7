#include <ratls/services/broker/releaser.h>

#include <utility>

#include <ratls/services/broker/helper.h>

namespace ratls::broker {

namespace {

constexpr std::size_t kMaxBatch = 128;
constexpr std::size_t kMaxWaiting = 16384;
constexpr std::size_t kMaxHelpers = 2;  // libuv's pool has four threads, and the ledger needs one

}  // namespace

/// Lives as long as work of it is under way. Only `ledger` is touched off the loop, by one job at a
/// time.
struct Releaser::State {
  explicit State(Ledger opened) : ledger(std::move(opened)) {}

  Ledger ledger;
  Releaser* owner = nullptr;  ///< null once it is gone
  std::deque<Waiting> waiting;
  std::deque<Waiting> for_helpers;
  std::size_t helpers = 0;
  bool busy = false;
  struct Change {
    std::shared_ptr<const ReleaseRules> rules;
    json::Object event;
    std::function<void(Result<void>)> done;
  };
  std::optional<Change> change;
};

Releaser::Releaser(io::Loop& loop, Ledger ledger, const Clock& clock)
    : loop_(loop), clock_(&clock), state_(std::make_shared<State>(std::move(ledger))) {
  state_->owner = this;
}

Releaser::~Releaser() {
  state_->owner = nullptr;
}

bool Releaser::idle() const {
  return !state_->busy && state_->helpers == 0 && state_->waiting.empty() &&
         state_->for_helpers.empty();
}

void Releaser::ask(std::unique_ptr<Release> release, Done done) {
  if (state_->waiting.size() + state_->for_helpers.size() >= kMaxWaiting) {
    release->refusal = Error(Reason::cannot_release_now, "too many requests are waiting");
    done(*release);
    return;
  }
  const auto rule = find_rule(*release, clock_->now());
  if (rule && rule->rule->helper) {
    state_->for_helpers.push_back({std::move(release), std::move(done)});
    start_helper();
    return;
  }
  state_->waiting.push_back({std::move(release), std::move(done)});
  start_batch();
}

void Releaser::start_helper() {
  const auto state = state_;
  if (state->helpers >= kMaxHelpers || state->for_helpers.empty()) return;
  ++state->helpers;
  const auto job = std::make_shared<Waiting>(std::move(state->for_helpers.front()));
  state->for_helpers.pop_front();
  io::run_in_background(
      loop_,
      [job] {
        const Release& release = *job->release;
        const ReleaseRule& rule = release.rules->at(release.resource->uri());
        job->release->helped = run_helper(*rule.helper);
      },
      [state, job] {
        --state->helpers;
        if (state->owner == nullptr) return;
        state->waiting.push_back(std::move(*job));
        state->owner->start_batch();
        state->owner->start_helper();
      });
}

void Releaser::start_batch() {
  const auto state = state_;
  if (state->busy) return;
  if (state->change) {
    run_change();
    return;
  }
  if (state->waiting.empty()) return;
  state->busy = true;
  const auto releases = std::make_shared<std::vector<std::unique_ptr<Release>>>();
  const auto dones = std::make_shared<std::vector<Done>>();
  while (!state->waiting.empty() && releases->size() < kMaxBatch) {
    releases->push_back(std::move(state->waiting.front().release));
    dones->push_back(std::move(state->waiting.front().done));
    state->waiting.pop_front();
  }
  io::run_in_background(
      loop_, [state, releases] { state->ledger.settle(*releases); },
      [state, releases, dones] {
        state->busy = false;
        if (state->owner == nullptr) return;
        state->owner->start_batch();  // the disk works while answers are sent
        for (std::size_t i = 0; i < dones->size(); ++i) (*dones)[i](*(*releases)[i]);
      });
}

void Releaser::change_rules(std::shared_ptr<const ReleaseRules> rules, json::Object event,
                            std::function<void(Result<void>)> done) {
  state_->change = State::Change{std::move(rules), std::move(event), std::move(done)};
  start_batch();
}

void Releaser::run_change() {
  const auto state = state_;
  state->busy = true;
  const auto change = std::make_shared<State::Change>(*std::exchange(state->change, std::nullopt));
  const auto result = std::make_shared<Result<void>>();
  io::run_in_background(
      loop_,
      [state, result, change] {
        *result = state->ledger.change_rules(*change->rules, change->event);
      },
      [state, result, change] {
        state->busy = false;
        if (state->owner == nullptr) return;
        change->done(std::move(*result));
        if (state->owner != nullptr) state->owner->start_batch();
      });
}

}  // namespace ratls::broker
