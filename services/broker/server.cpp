#include <ratls/services/broker/server.h>

#include <malloc.h>

#include <algorithm>
#include <utility>

#include <ratls/core/crypto.h>
#include <ratls/services/broker/detail/broker_server.h>
#include <ratls/services/broker/notify.h>

namespace ratls::broker {

namespace detail {

namespace {

using namespace std::chrono_literals;

std::string peer_of(const std::string& from) {
  return from.substr(0, from.rfind(':'));
}

std::string hash_of(ByteView certificate) {
  std::string out = crypto::sha256({certificate}).hex();
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

Result<std::unique_ptr<io::Listener>> open_door(io::Loop& loop, const std::string& at,
                                                io::Listener::Accepted accepted) {
  if (at.empty()) return std::unique_ptr<io::Listener>();
  RATLS_TRY(const auto endpoint, io::Endpoint::parse(at));
  return io::Listener::bind(loop, endpoint, std::move(accepted));
}

}  // namespace

BrokerServer::BrokerServer(Setup setup, Ledger ledger)
    : loop_(*setup.loop),
      config_path_(std::move(setup.config_path)),
      config_(std::move(setup.config)),
      clock_(*setup.clock),
      journal_(*setup.journal),
      identity_(std::move(setup.identity)),
      certificate_hash_(hash_of(identity_->certificate())),
      verifier_(std::make_shared<Verifier>(*setup.policy, clock_, std::move(setup.collateral))),
      plain_(identity_, AcceptEvidence{verifier_, config_.key_bound}),
      framed_(identity_, AcceptEvidence{verifier_, config_.key_bound}),
      releaser_(loop_, std::move(ledger), clock_),
      door_(
          loop_, [this] { return metrics_page(); }, [this] { return status(); }),
      sweep_(loop_),
      drain_(loop_),
      tidy_(loop_) {
  framed_.framing = Framing::framed;
  plain_.timeouts.idle = framed_.timeouts.idle = config_.limits.idle;
}

Result<void> BrokerServer::listen() {
  const auto taker = [this](const ServerConfig& config) {
    return [this, &config](auto stream, std::string from) {
      take(std::move(stream), std::move(from), config);
    };
  };
  RATLS_TRY(plain_door_, open_door(loop_, config_.listen, taker(plain_)));
  RATLS_TRY(framed_door_, open_door(loop_, config_.framed, taker(framed_)));
  tidy();
  if (config_.status.empty()) return {};
  RATLS_TRY(const auto at, io::Endpoint::parse(config_.status));
  return door_.listen(at);
}

Server::Where BrokerServer::where() const {
  return {plain_door_ ? plain_door_->where() : "", framed_door_ ? framed_door_->where() : "",
          door_.where()};
}

void BrokerServer::take(std::unique_ptr<io::Stream> stream, std::string from,
                        const ServerConfig& config) {
  if (stopping_) return;
  const auto known = peers_.find(peer_of(from));
  const bool many = known != peers_.end() && known->second >= config_.limits.per_address;
  if (connections_.size() >= config_.limits.connections || many) {
    metrics_.turned_away();
    journal_.warn("connection.turned_away", {{"peer.address", from}});
    return;
  }
  auto session = Session::server(config);
  if (!session) {
    journal_.failed("connection.failed", session.error());
    return;
  }
  ++peers_[peer_of(from)];
  auto connection = std::make_unique<Connection>(loop_, *this, ++last_number_, std::move(from),
                                                 [this](Connection& over) { ended(over); });
  Connection& begun = *connection;
  connections_.emplace(&begun, std::move(connection));
  metrics_.connections(connections_.size());
  most_ = std::max(most_, connections_.size());
  begun.start(std::move(stream), std::move(session).value(), config.timeouts);
}

// The connection is in the middle of a call; it goes when the loop turns.
void BrokerServer::ended(Connection& connection) {
  const auto peer = peers_.find(peer_of(connection.from()));
  if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  const auto at = connections_.find(&connection);
  if (at != connections_.end()) {
    gone_.push_back(std::move(at->second));
    connections_.erase(at);
  }
  metrics_.connections(connections_.size());
  sweep_.start(0ms, [this] {
    gone_.clear();
    stop_if_empty();
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
  return {200, "text/plain; version=0.0.4", metrics_.text(), {}, {}, {}, {}};
}

Answer BrokerServer::status() const {
  const Policy policy = verifier_->policy();
  json::Object named;
  named.text("name", policy.name()).number("version", policy.version());
  named.text("sha256", policy.sha256().hex());
  json::Object out;
  out.text("schema", "ratls.status/1").text("state", stopping_ ? "draining" : "serving");
  return {200, "application/json", out.raw("policy", named.str()).str() + "\n", {}, {}, {}, {}};
}

// A burst's memory would stay with the allocator for ever: some 150 KB for each connection.
void BrokerServer::tidy() {
  if (most_ > 2 * connections_.size() + 64) {
    ::malloc_trim(0);
    most_ = connections_.size();
  }
  tidy_.start(10s, [this] { tidy(); });
}

void BrokerServer::stop_if_empty() {
  if (stopping_ && connections_.empty() && releaser_.idle()) loop_.stop();
}

void BrokerServer::stop() {
  notify_manager("STOPPING=1");
  plain_door_.reset();
  framed_door_.reset();
  if (std::exchange(stopping_, true)) {
    loop_.stop();
    return;
  }
  journal_.info("broker.stopping", {{"connections", std::to_string(connections_.size())}});
  wind_up_all(false);
  drain_.start(config_.limits.drain, [this] { loop_.stop(); });
  sweep_.start(0ms, [this] {
    gone_.clear();
    stop_if_empty();
  });
}

void BrokerServer::wind_up_all(bool only_open) {
  std::vector<Connection*> all;
  for (const auto& [connection, owner] : connections_) all.push_back(connection);
  for (Connection* connection : all) {
    if (!only_open || connection->open()) connection->wind_up();
  }
}

}  // namespace detail

Result<std::unique_ptr<Server>> Server::open(io::Loop& loop, const std::string& config_path,
                                             const Clock& clock, const Journal& journal) {
  detail::Setup setup{&loop, config_path, {}, &clock, &journal, {}, {}, {}};
  RATLS_TRY(setup.config, read_broker_config(config_path));
  RATLS_TRY(const auto file, policy_file_of(setup.config));
  RATLS_TRY(setup.policy, load_checked_policy(file, *setup.config.release));
  RATLS_TRY(setup.identity, open_identity(setup.config.identity));
  setup.collateral = open_collateral(setup.config, *setup.policy);
  RATLS_TRY(auto store, open_store(setup.config));
  RATLS_TRY(auto ledger, Ledger::open(std::move(store), setup.config.audit, clock,
                                      *setup.config.release, setup.config.limits.audit_bytes));
  RATLS_TRY(auto receipts, open_receipts(setup.config));
  if (receipts) ledger.sign_receipts(std::move(*receipts));
  json::Object event;
  event.text("event", "broker.started").text("policy", setup.policy->name());
  RATLS_CHECK(ledger.note(event.text("policy_sha256", setup.policy->sha256().hex())));
  auto server = std::make_unique<detail::BrokerServer>(std::move(setup), std::move(ledger));
  RATLS_CHECK(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace ratls::broker
