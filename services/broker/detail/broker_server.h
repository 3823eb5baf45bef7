/// The broker's server. Private.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include <ratls/config.h>
#include <ratls/services/broker/connection.h>
#include <ratls/services/broker/doors.h>
#include <ratls/services/broker/doorstep.h>
#include <ratls/services/broker/parts.h>
#include <ratls/services/broker/releaser.h>
#include <ratls/services/broker/server.h>
#include <ratls/services/broker/status_door.h>

namespace ratls::broker::detail {

/// What a server is made of.
struct Setup {
  io::Loop* loop;
  std::string config_path;
  BrokerConfig config;
  const Clock* clock;
  const Journal* journal;
  std::optional<Policies> policies;
  std::shared_ptr<const CertificateIdentity> identity;
  std::shared_ptr<CollateralStore> collateral;
  bool identity_made = false;  ///< it was not there before
};

std::vector<PolicyId> ids_of(const Policies& policies);

/// A line of the audit log that names the policies in force.
json::Object audit_event(std::string_view event, const Policies& policies);

class BrokerServer final : public Server, public Desk {
 public:
  BrokerServer(Setup setup, Ledger ledger);
  Result<void> listen(Doors doors);

  void reload() override;
  void stop() override;
  [[nodiscard]] std::string pin() const override { return identity_->pin(); }
  [[nodiscard]] std::vector<std::string> dangers() const override {
    return dangers_of(*config_.release, verifier_->policies());
  }
  [[nodiscard]] Where where() const override;
  [[nodiscard]] std::uint64_t handshakes() const override { return doorstep_.limits().handshakes; }

  void ask(std::unique_ptr<Release> release, std::function<void(Release&)> done) override;
  [[nodiscard]] std::shared_ptr<const ReleaseRules> rules() const override {
    return config_.release;
  }
  [[nodiscard]] Answer status_for(const Guest& guest) const override;
  std::optional<std::uint64_t> too_often(const std::string& report_id) override;
  [[nodiscard]] const std::string& certificate_hash() const override { return certificate_hash_; }
  void opened(const Connection& connection) override;
  Metrics& metrics() override { return metrics_; }
  [[nodiscard]] const Journal& journal() const override { return journal_; }

 private:
  bool begin(std::unique_ptr<io::Stream> stream, const std::string& from, std::uint64_t door,
             std::chrono::milliseconds left);
  void turned_away(TurnedAway why, const std::string& from);
  void ended(Connection& connection);
  [[nodiscard]] std::vector<Connection*> all_connections() const;
  void look_whether_empty();
  void tidy();
  void look_at_collateral();
  [[nodiscard]] Answer status_page(const std::vector<PolicyId>& policies) const;
  [[nodiscard]] Answer metrics_page() const;
  Result<void> read_again();
  void put_in_force(const BrokerConfig& config,
                    const std::shared_ptr<const CertificateIdentity>& identity,
                    const Policies& policies);

  io::Loop& loop_;
  std::string config_path_;
  BrokerConfig config_;
  const Clock& clock_;
  const Journal& journal_;
  std::shared_ptr<const CertificateIdentity> identity_;
  std::string certificate_hash_;
  std::shared_ptr<Verifier> verifier_;
  ServerConfig plain_;
  ServerConfig framed_;
  Metrics metrics_;
  Releaser releaser_;
  StatusDoor door_;
  Doorstep doorstep_;
  Listeners plain_doors_;
  Listeners framed_doors_;
  std::string inherited_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> gone_;         ///< ended inside a call of theirs
  std::unordered_map<std::string, std::uint64_t> asked_;  ///< in this minute, by REPORT_ID
  std::int64_t minute_ = 0;
  std::uint64_t last_number_ = 0;
  io::Timer sweep_;
  io::Timer drain_;
  io::Timer tidy_;
  io::Timer collateral_timer_;
  std::shared_ptr<CollateralStore> collateral_;  ///< or null
  std::shared_ptr<std::map<std::string, Timestamp>> expiries_;
  std::size_t most_ = 0;  ///< connections at once, since memory was last given back
  bool stopping_ = false;
  bool reloading_ = false;
};

}  // namespace ratls::broker::detail
