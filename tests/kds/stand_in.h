/// The key service of stand_in.py, and simulated AMD certificates for it to serve.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/kds/kds_client.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/root_of_trust.h>

#include "../support/files.h"
#include "../support/sim_world.h"

namespace ratls::test {

/// One running stand-in, ended with this object. Aborts with a message where it does not start.
class StandIn {
 public:
  StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  ~StandIn();

  /// "https://localhost:<port of server>/<fault>".
  [[nodiscard]] std::string url(const std::string& fault, const std::string& server = "good") const;
  [[nodiscard]] int port(const std::string& server) const { return ports_.at(server); }
  [[nodiscard]] std::string ca_file() const { return folder_.file("all.pem"); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  /// What answers/<name> holds from now on: vcek, crl, chain, other, date.
  void serve(const std::string& name, ByteView content) const;
  /// The requests so far that contain `text`, oldest first.
  [[nodiscard]] std::vector<std::string> requests(const std::string& text) const;

 private:
  TemporaryFolder folder_;
  std::map<std::string, int> ports_;
  int pid_ = -1;
  int leash_ = -1;  // the stand-in ends when this is closed
};

/// The one that all tests of a program share, serving the simulated chip of kds_query().
StandIn& stand_in();

/// A simulated chip of Milan at 4/0/27/222, and its list.
EndorsementQuery kds_query();
CrlQuery kds_crl_query();
/// AMD's keys, and the simulator's for `product`.
RootOfTrust kds_roots(sim::Product product = sim::Product::milan);
/// Of the chip that `query` names.
Bytes simulated_vcek(const EndorsementQuery& query, Timestamp from = {1767225600});
Bytes simulated_crl(Timestamp until, std::uint64_t number = 1);
/// PEM of ASK and ARK.
std::string simulated_chain();

/// A client of the shared stand-in that lets `fault` happen to it: no pace, 2 s for everything.
KdsOptions kds_options(const std::string& fault, const std::string& server = "good");
std::unique_ptr<KdsClient> kds_client(KdsOptions options);
const Clock& kds_clock();

}  // namespace ratls::test
