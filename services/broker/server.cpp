#include <ratls/services/broker/server.h>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <ratls/core/crypto.h>
#include <ratls/services/broker/detail/broker_server.h>
#include <ratls/services/broker/notify.h>

namespace ratls::broker {

namespace detail {

namespace {

using namespace std::chrono_literals;

std::string hash_of(ByteView certificate) {
  std::string out = crypto::sha256({certificate}).hex();
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

constexpr std::size_t kFew = 8;  // connections whose memory is not worth the walk
constexpr std::uint64_t kPlain = 0;
constexpr std::uint64_t kFramed = 1;

std::string json_of(const std::vector<PolicyId>& policies) {
  std::vector<std::string> out;
  for (const PolicyId& policy : policies) {
    json::Object named;
    named.text("name", policy.name).number("version", policy.version);
    out.push_back(named.text("sha256", policy.sha256.hex()).str());
  }
  return json::array(out);
}

}  // namespace

json::Object audit_event(std::string_view event, const Policies& policies) {
  json::Object out;
  return out.text("event", event).raw("policies", json_of(ids_of(policies)));
}

std::vector<PolicyId> ids_of(const Policies& policies) {
  std::vector<PolicyId> out;
  for (const Policy& policy : policies.all()) out.push_back(id_of(policy));
  return out;
}

BrokerServer::BrokerServer(Setup setup, Ledger ledger)
    : loop_(*setup.loop),
      config_path_(std::move(setup.config_path)),
      config_(std::move(setup.config)),
      clock_(*setup.clock),
      journal_(*setup.journal),
      identity_(std::move(setup.identity)),
      certificate_hash_(hash_of(identity_->certificate())),
      verifier_(std::make_shared<Verifier>(*setup.policies, clock_, setup.collateral)),
      plain_(identity_, AcceptEvidence{verifier_, any_key_bound(*config_.release)}),
      framed_(identity_, AcceptEvidence{verifier_, any_key_bound(*config_.release)}),
      releaser_(loop_, std::move(ledger), clock_),
      door_(
          loop_, [this] { return metrics_page(); },
          [this] { return status_page(ids_of(verifier_->policies())); }),
      doorstep_(loop_, doorstep_limits(config_.limits, usable_memory()),
                {[this](auto stream, const std::string& from, std::uint64_t door, auto left) {
                   return begin(std::move(stream), from, door, left);
                 },
                 [this](TurnedAway why, const std::string& from) { turned_away(why, from); }}),
      sweep_(loop_),
      drain_(loop_),
      tidy_(loop_),
      collateral_timer_(loop_),
      collateral_(std::move(setup.collateral)),
      expiries_(std::make_shared<std::map<std::string, Timestamp>>()) {
  framed_.framing = Framing::framed;
  plain_.timeouts.idle = framed_.timeouts.idle = config_.limits.idle;
}

Result<void> BrokerServer::listen(Doors doors) {
  const auto taker = [this](std::uint64_t door) {
    return [this, door](auto stream, std::string from) {
      doorstep_.take(std::move(stream), std::move(from), door);
    };
  };
  inherited_ = doors.taken();
  RATLS_TRY(plain_doors_,
            listeners_at(loop_, config_.listen, std::move(doors.listen), taker(kPlain)));
  RATLS_TRY(framed_doors_,
            listeners_at(loop_, config_.framed, std::move(doors.framed), taker(kFramed)));
  tidy();
  look_at_collateral();
  if (!doors.status.empty()) return door_.adopt(std::move(doors.status.front()));
  if (config_.status.empty()) return {};
  RATLS_TRY(const auto at, io::Endpoint::parse(config_.status));
  return door_.listen(at);
}

Server::Where BrokerServer::where() const {
  return {where_of(plain_doors_), where_of(framed_doors_), door_.where(), inherited_};
}

bool BrokerServer::begin(std::unique_ptr<io::Stream> stream, const std::string& from,
                         std::uint64_t door, std::chrono::milliseconds left) {
  const ServerConfig& config = door == kPlain ? plain_ : framed_;
  auto session = Session::server(config);
  if (!session) {
    journal_.failed("connection.failed", session.error());
    look_whether_empty();
    return false;
  }
  auto connection = std::make_unique<Connection>(loop_, *this, ++last_number_, from,
                                                 [this](Connection& over) { ended(over); });
  Connection& begun = *connection;
  connections_.emplace(&begun, std::move(connection));
  most_ = std::max(most_, connections_.size());
  Timeouts timeouts = config.timeouts;
  timeouts.handshake = left;
  begun.start(std::move(stream), std::move(session).value(), timeouts);
  if (stopping_) begun.drain();
  return true;
}

void BrokerServer::turned_away(TurnedAway why, const std::string& from) {
  metrics_.turned_away(name(why));
  look_whether_empty();
  if (why == TurnedAway::silent) return;  // port scans and health checks
  journal_.warn("connection.turned_away",
                {{"peer.address", from}, {"rule", std::string(name(why))}});
}

void BrokerServer::opened(const Connection& connection) {
  doorstep_.handshake_over(connection.from());
}

// The connection is in the middle of a call; it goes when the loop turns.
void BrokerServer::ended(Connection& connection) {
  if (!connection.open()) doorstep_.handshake_over(connection.from());
  doorstep_.connection_over(connection.from());
  const auto at = connections_.find(&connection);
  if (at != connections_.end()) {
    gone_.push_back(std::move(at->second));
    connections_.erase(at);
  }
  look_whether_empty();
}

void BrokerServer::look_whether_empty() {
  sweep_.start(0ms, [this] {
    gone_.clear();
    const bool empty = connections_.empty() && doorstep_.waiting() == 0;
    if (stopping_ && empty && releaser_.idle()) loop_.stop();
  });
}

void BrokerServer::ask(std::unique_ptr<Release> release, std::function<void(Release&)> done) {
  releaser_.ask(std::move(release), std::move(done));
}

std::optional<std::uint64_t> BrokerServer::too_often(const std::string& report_id) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                       .count();
  if (now / 60 != minute_) {
    minute_ = now / 60;
    asked_.clear();
  }
  if (++asked_[report_id] <= config_.limits.requests_per_minute) return std::nullopt;
  return static_cast<std::uint64_t>(60 - now % 60);
}

Answer BrokerServer::metrics_page() const {
  Gauges now{doorstep_.connections(), doorstep_.handshakes(), doorstep_.waiting(),
             verifier_->remembered(), *expiries_};
  for (const Policy& policy : verifier_->policies().all()) {
    if (!policy.expires()) continue;
    const auto [at, first] = now.expiries.emplace("policy", *policy.expires());
    if (!first) at->second = std::min(at->second, *policy.expires());
  }
  return {200, "text/plain; version=0.0.4", metrics_.text(now), {}, {}, {}, {}};
}

Answer BrokerServer::status_for(const Guest& guest) const {
  std::vector<PolicyId> own;
  for (const Acceptance& each : guest.accepted) own.push_back(each.policy);
  return status_page(own);
}

Answer BrokerServer::status_page(const std::vector<PolicyId>& policies) const {
  json::Object out;
  out.text("schema", "ratls.status/1").text("state", stopping_ ? "draining" : "serving");
  out.raw("policies", json_of(policies));
  return {200, "application/json", out.str() + "\n", {}, {}, {}, {}};
}

// A burst's memory would stay with the allocator for ever: some 90 KB for each connection. Pages
// that are locked stay all the same; unlocking them for a moment could put keys into swap.
void BrokerServer::tidy() {
  if (most_ > 2 * connections_.size() + kFew) {
    ::malloc_trim(0);
    most_ = connections_.size();
  }
  tidy_.start(10s, [this] { tidy(); });
}

// For the metrics: fetchers change the store while the broker runs.
void BrokerServer::look_at_collateral() {
  if (!collateral_) return;
  const auto seen = std::make_shared<std::map<std::string, Timestamp>>();
  const auto store = collateral_;
  const auto shown = expiries_;
  io::run_in_background(
      loop_, [store, seen] { *seen = expiries_of(*store); },
      [seen, shown] { *shown = std::move(*seen); });
  collateral_timer_.start(10min, [this] { look_at_collateral(); });
}

void BrokerServer::stop() {
  notify_manager("STOPPING=1");
  plain_doors_.clear();
  framed_doors_.clear();
  doorstep_.close();
  if (std::exchange(stopping_, true)) {
    loop_.stop();
    return;
  }
  journal_.info("broker.stopping", {{"connections", std::to_string(connections_.size())}});
  for (Connection* connection : all_connections()) connection->drain();
  drain_.start(config_.limits.drain, [this] { loop_.stop(); });
  look_whether_empty();
}

std::vector<Connection*> BrokerServer::all_connections() const {
  std::vector<Connection*> out;
  for (const auto& [connection, owner] : connections_) out.push_back(connection);
  return out;
}

}  // namespace detail

Result<std::unique_ptr<Server>> Server::open(io::Loop& loop, const std::string& config_path,
                                             const Clock& clock, const Journal& journal,
                                             std::vector<InheritedSocket> sockets) {
  detail::Setup setup{&loop, config_path, {}, &clock, &journal, {}, {}, {}, false};
  RATLS_TRY(setup.config, read_broker_config(config_path));
  RATLS_TRY(Doors doors, doors_of(std::move(sockets), setup.config));
  RATLS_TRY(setup.policies, look_at_policies(setup.config));
  setup.identity_made = ::access(setup.config.identity.c_str(), F_OK) != 0;
  RATLS_TRY(setup.identity, open_identity(setup.config.identity));
  RATLS_TRY(setup.collateral, open_collateral(setup.config, *setup.policies));
  RATLS_TRY(auto store, open_store(setup.config));
  auto opened = Ledger::open(std::move(store), setup.config.audit, clock, *setup.config.release,
                             setup.config.limits.audit_bytes);
  if (!opened) return about(setup.config.audit, opened.error());
  Ledger ledger = std::move(opened).value();
  RATLS_TRY(auto receipts, open_receipts(setup.config));
  if (receipts) ledger.sign_receipts(std::move(*receipts));
  if (ledger.begun() && !setup.identity_made) {
    journal.warn("audit.begun", {{"detail", setup.config.audit +
                                                " is new, and this broker's identity is not: what "
                                                "per_guest, one_shot and lease_seconds counted in "
                                                "a log before it is forgotten"}});
  }
  RATLS_CHECK(remember_policies(setup.config, *setup.policies));
  RATLS_CHECK(ledger.note(detail::audit_event("broker.started", *setup.policies)));
  auto server = std::make_unique<detail::BrokerServer>(std::move(setup), std::move(ledger));
  RATLS_CHECK(server->listen(std::move(doors)));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace ratls::broker
