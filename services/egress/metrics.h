/// Figures of an egress, as Prometheus reads them (text format 0.0.4).
#pragma once

#include <map>
#include <string>

#include <ratls/services/egress/conversation.h>
#include <ratls/services/status/exposition.h>

namespace ratls::egress {

/// Labels come from closed lists and from guest.json (the names of upstreams; one without a name
/// goes by its address): no measurement, path or header. Threads: the loop's.
class Metrics {
 public:
  Metrics();

  void request(const Said& said);
  void handshake(const Handshake& handshake);
  void turned_away() { ++turned_away_; }
  /// A plan that came into force: the first one, too.
  void plan(const Plan& plan);

  /// What is true at the moment of asking.
  struct Now {
    std::uint64_t connections = 0;  ///< of programs, open
    std::uint64_t waiting = 0;      ///< judged channels in the pool
  };
  [[nodiscard]] std::string text(const Now& now) const;

 private:
  void write_requests(std::string& out) const;
  void write_handshakes(std::string& out) const;

  std::map<std::string, std::map<std::string, std::uint64_t>> requests_;  ///< upstream, code class
  status::Histogram first_byte_;
  std::uint64_t blocked_ = 0;
  std::uint64_t tunnels_ = 0;
  std::uint64_t turned_away_ = 0;
  std::uint64_t unattested_ = 0;  ///< upstreams and tunnels of the plan in force
  std::map<std::string, std::uint64_t> handshakes_;
  std::map<Reason, std::uint64_t> rejections_;
  status::Histogram duration_;
  std::map<std::string, Timestamp> valid_until_;
};

}  // namespace ratls::egress
