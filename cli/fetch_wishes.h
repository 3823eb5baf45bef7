/// What `ratls collateral fetch` is to get: from reports, or from a chip's name and levels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <ratls/verify/collateral.h>
#include <ratls/verify/root_of_trust.h>

#include "common.h"

namespace ratls::cli {

/// The options that say what, as given.
struct WishOptions {
  std::vector<std::string> reports;
  std::string chip_id;
  std::string tcb;
  std::vector<std::string> products;
  bool crl = false;
  bool vlek = false;
};

struct Wishes {
  std::vector<EndorsementQuery> vceks;
  std::vector<CrlQuery> lists;  ///< besides those of the VCEKs
};

/// Reads and checks all of it before anything is fetched.
std::optional<Stop> read_wishes(const WishOptions& options, Wishes& out);

/// "VCEK of Milan chip a0a1a2a3..., bl 4 tee 0 snp 22 ucode 213".
std::string describe(const EndorsementQuery& query);
/// "CRL of Milan, for ASKs".
std::string describe(const CrlQuery& query);

/// AMD's roots; and the simulator roots of the policy file, for those who run a simulator. A Stop
/// where the file cannot be read. Errors: those of parse_policy().
Result<RootOfTrust> read_roots(const std::string& policy, std::optional<Stop>& stop);

}  // namespace ratls::cli
