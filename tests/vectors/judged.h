/// One appraisal: what a verifier is shown, what it knows by itself, and what it must say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scene.h"

namespace ratls::vectors {

struct Judged {
  std::string name;
  std::string like;                  ///< the good case that it was made from; empty for a good one
  Bytes evidence;                    ///< CBOR
  std::optional<Bytes> certificate;  ///< where there is one, key and evidence are taken from it
  Secrets secrets;
  Bytes peer_spki;
  Role role = Role::client;         ///< that the peer must have
  Level minimum = Level::exporter;  ///< that the verifier demands
  std::int64_t now = kNow;
  bool azure = false;          ///< judged by a policy that names PCRs
  std::optional<Reason> want;  ///< nothing: accepted
};

/// A case of scene.h, accepted.
Judged good_one(const Case& about, const Recording& recorded);
std::vector<Judged> good_ones(const Recording& recorded);
/// Each is refused for one thing.
std::vector<Judged> bad_ones(const Recording& recorded);

std::vector<Judged> bad_envelopes(const Recording& recorded);
std::vector<Judged> bad_claims(const Recording& recorded);
std::vector<Judged> bad_paths(const Recording& recorded);
std::vector<Judged> bad_bindings(const Recording& recorded);
std::vector<Judged> bad_reports(const Recording& recorded);
std::vector<Judged> bad_certificates(const Recording& recorded);
std::vector<Judged> bad_azure(const Recording& recorded);
/// Of these, the ones that only keys can make: Recording::azure has them.
const std::vector<std::string>& recorded_bad_azure();

/// What this project's verifier says: "accepted" or the reason's code.
std::string judge(const Judged& shown, const Recording& recorded);

}  // namespace ratls::vectors
