#include <algorithm>

#include <nlohmann/json.hpp>

#include "judged.h"
#include "vectors.h"

namespace ratls::vectors {
namespace {

using Json = nlohmann::ordered_json;

// One cut and one paste that turn `from` into `to`: most bad evidence differs by a few bytes.
Json splice(std::string_view what, const Bytes& from, const Bytes& to) {
  const std::size_t most = std::min(from.size(), to.size());
  std::size_t head = 0;
  while (head < most && from[head] == to[head]) ++head;
  std::size_t tail = 0;
  while (tail < most - head && from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) ++tail;
  const ByteView insert = ByteView(to).subspan(head, to.size() - head - tail);
  return {{"of", what},
          {"at", head},
          {"remove", from.size() - head - tail},
          {"insert", to_hex(insert)}};
}

Json session_of(const Secrets& secrets) {
  return {{"hash", secrets.hash == crypto::TlsHash::sha256 ? "sha256" : "sha384"},
          {"exporter_master_secret", to_hex(secrets.exporter_master)},
          {"client_handshake_traffic_secret", to_hex(secrets.client_handshake_traffic)},
          {"ctx", to_hex(secrets.context)}};
}

Json good_json(const Judged& shown) {
  Json out;
  out["name"] = shown.name;
  out["session"] = session_of(shown.secrets);
  out["role"] = static_cast<int>(shown.role);
  out["minimum"] = static_cast<int>(shown.minimum);
  out["peer_spki"] = to_hex(shown.peer_spki);
  out["now"] = shown.now;
  out["certificate"] = shown.certificate ? Json(to_hex(*shown.certificate)) : Json(nullptr);
  out["evidence"] = to_hex(shown.evidence);
  return out;
}

// Only what differs from the good one is said.
Json bad_json(const Judged& shown, const Judged& good) {
  const Json before = good_json(good);
  const Json after = good_json(shown);
  Json out;
  out["name"] = shown.name;
  out["like"] = good.name;
  for (const char* key : {"session", "role", "minimum", "peer_spki", "now"}) {
    if (before[key] != after[key]) out[key] = after[key];
  }
  if (shown.evidence != good.evidence) {
    out["splice"] = splice("evidence", good.evidence, shown.evidence);
  } else if (shown.certificate && shown.certificate != good.certificate) {
    out["splice"] = splice("certificate", *good.certificate, *shown.certificate);
  }
  out["reason"] = code(*shown.want);
  return out;
}

}  // namespace

std::string evidence_file(const Recording& recorded) {
  Json out;
  out["about"] =
      "SIMULATED. Test vectors of docs/protocol.md, written by tests/vectors; bytes are "
      "hex. A bad case is the good case `like` with the keys that it names replaced. "
      "Where it has a `splice`, `remove` bytes at `at` become `insert`: in the evidence, "
      "and then there is no certificate, or in the certificate. Without a splice it is "
      "the evidence as it is, also without the certificate";
  out["roots"] = {{"product", "milan"},
                  {"ark", to_hex(recorded.ark)},
                  {"ask", to_hex(recorded.ask)},
                  {"asvk", to_hex(recorded.asvk)}};
  out["good"] = Json::array();
  for (const Judged& each : good_ones(recorded)) out["good"].push_back(good_json(each));
  out["bad"] = Json::array();
  for (const Judged& each : bad_ones(recorded)) {
    out["bad"].push_back(bad_json(each, good_one(case_of(each.like), recorded)));
  }
  return out.dump(1) + "\n";
}

}  // namespace ratls::vectors
