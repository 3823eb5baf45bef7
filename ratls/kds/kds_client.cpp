#include <ratls/kds/kds_client.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include <ratls/kds/detail/exchange.h>
#include <ratls/kds/detail/fetch_command.h>
#include <ratls/kds/detail/judge.h>
#include <ratls/kds/detail/pacer.h>
#include <ratls/kds/detail/pem.h>
#include <ratls/kds/detail/single_flight.h>
#include <ratls/kds/detail/url.h>

namespace ratls {

namespace {

using kds::Answer;
using kds::Patience;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Where the service names no time. It doubles.
constexpr milliseconds kFirstHold{10000};

bool wants_quiet(const Answer& answer) {
  return answer.status == 429 || (answer.status == 503 && answer.retry_after);
}

Result<void> check_status(int status) {
  const std::string detail = "HTTP status " + std::to_string(status);
  if (status == 200) return {};
  if (status == 404) return Error(Reason::kds_not_found, detail);
  if (status >= 300 && status < 400) return Error(Reason::kds_redirected, detail);
  return Error(Reason::kds_unavailable, detail);
}

}  // namespace

struct KdsClient::State {
  State(KdsOptions given, RootOfTrust trusted, const Clock& time)
      : options(std::move(given)), roots(std::move(trusted)), clock(time), pacer(options.pace) {}

  Result<void> configure();
  Result<Answer> ask(const std::string& target, const Patience& patience) const;
  Result<Bytes> get(const std::string& target, bool spaced, const Patience& patience);
  /// Gets `target` and has `judge` make items of it.
  template <class Judge>
  Result<KdsAnswer> fetch(const std::string& target, bool spaced, const Patience& patience,
                          const Judge& judge);
  Result<KdsAnswer> fetch_vcek(const EndorsementQuery& query, const Patience& patience);
  [[nodiscard]] Patience patience() const { return {after(options.limit), stopped}; }
  [[nodiscard]] std::string url_of(const std::string& target) const {
    return endpoint.base.text() + target;
  }

  const KdsOptions options;
  const RootOfTrust roots;
  const Clock& clock;
  kds::Endpoint endpoint;
  std::vector<std::string> command;
  kds::Pacer pacer;
  kds::SingleFlight<KdsAnswer> flights;
  std::atomic<bool> stopped{false};
};

Result<void> KdsClient::State::configure() {
  RATLS_TRY(endpoint.base, kds::BaseUrl::parse(options.base_url));
  endpoint.connect_limit = options.connect_limit;
  if (options.limit.count() <= 0 || options.connect_limit.count() <= 0) {
    return Error(Reason::invalid_config, "a limit of no time");
  }
  if (!options.fetch_command.empty()) {
    if (!options.proxy.empty()) {
      return Error(Reason::invalid_config, "a fetch command finds its own way: give it the proxy");
    }
    RATLS_TRY(command, kds::split_command(options.fetch_command));
    return {};
  }
  if (!options.proxy.empty()) {
    RATLS_TRY(endpoint.proxy, kds::parse_proxy(options.proxy));
  }
  RATLS_TRY(endpoint.ca_pem, kds::load_web_roots(options.ca_file));
  return {};
}

Result<Answer> KdsClient::State::ask(const std::string& target, const Patience& patience) const {
  if (command.empty()) return kds::https_get(endpoint, target, clock, patience);
  RATLS_TRY(Bytes body, kds::run_fetch_command(kds::with_url(command, url_of(target)),
                                               kds::kMaxAnswer, patience));
  return Answer{200, std::move(body), std::nullopt};
}

Result<Bytes> KdsClient::State::get(const std::string& target, bool spaced,
                                    const Patience& patience) {
  milliseconds hold = kFirstHold;
  while (true) {
    RATLS_CHECK(pacer.wait_turn(spaced, patience, options.on_wait));
    RATLS_TRY(Answer answer, ask(target, patience));
    if (!wants_quiet(answer)) {
      RATLS_CHECK(check_status(answer.status));
      return std::move(answer.body);
    }
    // Of no time at all a service that is at its limit cannot mean.
    pacer.hold(std::max<milliseconds>(answer.retry_after.value_or(std::chrono::seconds(0)),
                                      answer.retry_after ? milliseconds(1000) : hold));
    hold *= 2;
  }
}

template <class Judge>
Result<KdsAnswer> KdsClient::State::fetch(const std::string& target, bool spaced,
                                          const Patience& patience, const Judge& judge) {
  const auto start = steady_clock::now();
  RATLS_TRY(const Bytes body, get(target, spaced, patience));
  KdsAnswer out;
  RATLS_TRY(out.items, judge(ByteView(body)));
  out.url = url_of(target);
  out.bytes = body.size();
  out.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  return out;
}

Result<KdsAnswer> KdsClient::State::fetch_vcek(const EndorsementQuery& query,
                                               const Patience& patience) {
  RATLS_TRY(const std::string target, kds::vcek_target(query));
  return fetch(target, true, patience, [&](ByteView der) -> Result<std::vector<CollateralItem>> {
    RATLS_TRY(CollateralItem item, kds::judge_vcek(query, der, roots, clock));
    return std::vector<CollateralItem>{std::move(item)};
  });
}

KdsClient::KdsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
KdsClient::~KdsClient() = default;

Result<std::unique_ptr<KdsClient>> KdsClient::create(KdsOptions options, RootOfTrust roots,
                                                     const Clock& clock) {
  auto state = std::make_unique<State>(std::move(options), std::move(roots), clock);
  RATLS_CHECK(state->configure());
  return std::unique_ptr<KdsClient>(new KdsClient(std::move(state)));
}

Result<KdsAnswer> KdsClient::vcek(const EndorsementQuery& query) {
  EndorsementQuery guess = query;
  guess.line = query.line.value_or(snp::ProductLine::milan);
  RATLS_TRY(const std::string key, kds::vcek_target(guess));
  return state_->flights.run(query.line ? key : "?" + key, [&]() -> Result<KdsAnswer> {
    const Patience patience = state_->patience();
    auto answer = state_->fetch_vcek(guess, patience);
    if (query.line || answer || answer.error().reason() != Reason::kds_not_found) return answer;
    guess.line = snp::ProductLine::genoa;
    return state_->fetch_vcek(guess, patience);
  });
}

Result<KdsAnswer> KdsClient::crl(const CrlQuery& query) {
  const std::string target = kds::crl_target(query);
  const std::string key = target + (query.ark ? "#" + query.ark->hex() : std::string());
  return state_->flights.run(key, [&] {
    return state_->fetch(target, false, state_->patience(),
                         [&](ByteView der) -> Result<std::vector<CollateralItem>> {
                           RATLS_TRY(CollateralItem item,
                                     kds::judge_crl(query, der, state_->roots, state_->clock));
                           return std::vector<CollateralItem>{std::move(item)};
                         });
  });
}

Result<KdsAnswer> KdsClient::chain(snp::ProductLine line, snp::SigningKeyKind kind) {
  const std::string target = kds::chain_target(line, kind);
  return state_->flights.run(target, [&] {
    return state_->fetch(target, false, state_->patience(), [&](ByteView pem) {
      return kds::judge_chain(line, kind, pem, state_->roots);
    });
  });
}

std::string KdsClient::url(const EndorsementQuery& query) const {
  const auto target = kds::vcek_target(query);
  return target ? state_->url_of(*target) : std::string();
}

std::string KdsClient::url(const CrlQuery& query) const {
  return state_->url_of(kds::crl_target(query));
}

void KdsClient::shut_down() noexcept {
  state_->stopped.store(true);
  state_->pacer.wake();
}

}  // namespace ratls
