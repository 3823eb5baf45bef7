#include <ratls/services/egress/pool.h>

#include <algorithm>
#include <utility>

namespace ratls::egress {

namespace {
using Steady = std::chrono::steady_clock;
}

// May it carry another request?
bool Pool::holds(const Taken& taken) const {
  if (taken.era != era_ || !taken.link->is_open()) return false;
  if (Steady::now() - taken.born > limits_.lifetime) return false;
  const auto until = taken.link->valid_until();
  if (!until) return true;
  const auto now = clock_.now();
  return now && *now < *until;
}

Pool::Taken Pool::fresh(const std::shared_ptr<const Upstream>& upstream) {
  return {std::make_unique<Link>(loop_, upstream, report_), Steady::now(), era_, false};
}

Pool::Taken Pool::take(const std::shared_ptr<const Upstream>& upstream) {
  idle_.remove_if([&](const Idle& idle) { return !holds(idle.taken); });
  // The youngest first: it is the likeliest to be alive, and the old ones may go.
  const auto at = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) {
    return &idle.taken.link->upstream() == upstream.get();
  });
  if (at == idle_.rend()) return fresh(upstream);
  Taken out = std::move(at->taken);
  idle_.erase(std::next(at).base());
  out.used = true;
  return out;
}

void Pool::give_back(Taken taken) {
  const Upstream* upstream = &taken.link->upstream();
  const auto count = std::count_if(idle_.begin(), idle_.end(), [&](const Idle& idle) {
    return &idle.taken.link->upstream() == upstream;
  });
  if (!holds(taken) || static_cast<std::size_t>(count) >= limits_.idle_per_upstream) return;
  Link* link = taken.link.get();
  link->hand_to(watch(link));
  Idle& idle = idle_.emplace_back(loop_, std::move(taken));
  idle.limit.start(limits_.idle, [this, link] { drop(link); });
  link->resume();
}

void Pool::warm(const std::shared_ptr<const Upstream>& upstream) {
  const auto same = [&](const Taken& taken) { return &taken.link->upstream() == upstream.get(); };
  const bool waiting =
      std::any_of(idle_.begin(), idle_.end(), [&](const Idle& idle) { return same(idle.taken); });
  if (waiting || std::any_of(opening_.begin(), opening_.end(), same)) return;
  Taken& taken = opening_.emplace_back(fresh(upstream));
  Link* link = taken.link.get();
  Link::Events events = watch(link);
  events.opened = [this, link] {
    const auto at = std::find_if(opening_.begin(), opening_.end(),
                                 [&](const Taken& each) { return each.link.get() == link; });
    if (at == opening_.end()) return;
    Taken opened = std::move(*at);
    opening_.erase(at);
    give_back(std::move(opened));
  };
  link->open(std::move(events));
}

// What a link says here is no answer to anything.
Link::Events Pool::watch(Link* link) {
  Link::Events events;
  events.bytes = [this, link](ByteView) { drop(link); };
  events.end = [this, link] { drop(link); };
  events.failed = [this, link](const Error&) { drop(link); };
  return events;
}

void Pool::drop(const Link* link) {
  idle_.remove_if([&](const Idle& idle) { return idle.taken.link.get() == link; });
  opening_.remove_if([&](const Taken& taken) { return taken.link.get() == link; });
}

void Pool::clear() {
  idle_.clear();
  opening_.clear();
  ++era_;
}

}  // namespace ratls::egress
