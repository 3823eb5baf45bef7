#include "fetcher.h"

#include <array>
#include <cstdio>

#include "fetch_wishes.h"

namespace ratls::cli {

namespace {

using Status = FetchOutcome::Status;

Status status_of(PutOutcome outcome) {
  switch (outcome) {
    case PutOutcome::stored:
      return Status::stored;
    case PutOutcome::already_there:
      return Status::already_there;
    default:
      return Status::kept_newer;
  }
}

const char* words_of(Status status) {
  switch (status) {
    case Status::stored:
      return "stored";
    case Status::already_there:
      return "the same as is stored";
    default:
      return "not stored, a later one is there";
  }
}

FetchOutcome& begin(std::vector<FetchOutcome>& outcomes, std::string what) {
  FetchOutcome& out = outcomes.emplace_back();
  out.what = std::move(what);
  std::fprintf(stderr, "%s\n", out.what.c_str());
  return out;
}

void fail(FetchOutcome& out, const Error& error) {
  out.error = error;
  if (!out.url.empty()) std::fprintf(stderr, "  from %s\n", out.url.c_str());
  std::fprintf(stderr, "  FAILED %s\n", error.message().c_str());
}

// "0.3 s".
std::string seconds_text(std::uint64_t milliseconds) {
  return std::to_string(milliseconds / 1000) + "." + std::to_string(milliseconds % 1000 / 100) +
         " s";
}

}  // namespace

std::string_view name(Status status) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"stored", "already_there", "kept_newer",
                                                   "failed"};
  return kNames.at(static_cast<std::size_t>(status));
}

std::optional<CollateralItem> Fetcher::current(const std::optional<Bytes>& der) const {
  if (!der) return std::nullopt;
  auto item = read_collateral(*der, world_.roots);
  const auto now = world_.clock.now();
  if (!item || !now || *now < item->begins || *now >= item->ends) return std::nullopt;
  return std::move(item).value();
}

FetchOutcome& Fetcher::finish(FetchOutcome& out, const KdsAnswer& answer,
                              const Result<PutResult>& put) {
  out.url = answer.url;
  if (!put) {
    fail(out, put.error());
    return out;
  }
  const CollateralItem& item = answer.items.front();
  out.bytes = answer.bytes;
  out.milliseconds = static_cast<std::uint64_t>(answer.took.count());
  out.valid_until = item.ends;
  out.line = item.line;
  out.status = status_of(put->outcome);
  std::fprintf(stderr, "  from %s\n  %zu bytes in %s; %s; valid until %s%s\n", out.url.c_str(),
               out.bytes, seconds_text(out.milliseconds).c_str(), words_of(out.status),
               to_rfc3339(item.ends).c_str(), item.simulated ? "; SIMULATED" : "");
  return out;
}

std::optional<snp::ProductLine> Fetcher::vcek(const EndorsementQuery& query) {
  FetchOutcome& out = begin(outcomes_, describe(query));
  const auto stored = world_.refresh ? std::nullopt : current(world_.store.endorsement(query));
  if (stored) {
    out.status = Status::already_there;
    out.valid_until = stored->ends;
    out.line = stored->line;
    std::fprintf(stderr, "  in the store already; valid until %s; --refresh fetches it anew\n",
                 to_rfc3339(stored->ends).c_str());
    return out.line;
  }
  out.url = world_.client.url(query);
  const auto answer = world_.client.vcek(query);
  if (!answer) {
    fail(out, answer.error());
    return std::nullopt;
  }
  return finish(out, *answer, world_.store.put_endorsement(query, answer->items.front().der)).line;
}

void Fetcher::list(const CrlQuery& query) {
  FetchOutcome& out = begin(outcomes_, describe(query));
  out.url = world_.client.url(query);
  const auto answer = world_.client.crl(query);
  if (answer) {
    finish(out, *answer, world_.store.put_crl(query, answer->items.front().der));
    return;
  }
  fail(out, answer.error());
  if (const auto kept = current(world_.store.crl(query))) {
    std::fprintf(stderr, "  the list of %s that is stored stays; valid until %s\n",
                 to_rfc3339(kept->begins).c_str(), to_rfc3339(kept->ends).c_str());
  }
}

}  // namespace ratls::cli
