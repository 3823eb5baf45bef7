#include <nlohmann/json.hpp>

#include <ratls/core/cbor.h>
#include <ratls/core/signing_key.h>

#include "vectors.h"

namespace ratls::vectors {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAbout =
    "SIMULATED. Test vectors of docs/protocol.md, written by tests/vectors; bytes are hex";

std::string print(const Json& json) {
  return json.dump(1) + "\n";
}

std::string_view hash_name(crypto::TlsHash hash) {
  return hash == crypto::TlsHash::sha256 ? "sha256" : "sha384";
}

Json path_of(const merkle::Path& path) {
  Json out;
  out["sides"] = path.sides;
  out["siblings"] = Json::array();
  for (const auto& sibling : path.siblings) out["siblings"].push_back(to_hex(sibling.view()));
  out["cbor"] = path.siblings.empty() ? Json(nullptr) : Json(to_hex(path.encode().value()));
  return out;
}

Json tree_of(std::size_t sessions) {
  std::vector<Bytes> claims;
  for (std::size_t i = 0; i < sessions; ++i) {
    const std::string text = "claims " + std::to_string(i);
    claims.emplace_back(text.begin(), text.end());
  }
  const auto tree = tree_over(claims);
  Json out;
  out["sessions"] = Json::array();
  for (std::size_t i = 0; i < sessions; ++i) {
    Json each;
    each["claims"] = to_hex(claims[i]);
    each["leaf"] = to_hex(merkle::leaf(claims[i]).view());
    each["path"] = path_of(tree.paths[i]);
    out["sessions"].push_back(each);
  }
  out["root"] = to_hex(tree.root.view());
  out["report_data"] = to_hex(report_data_for(tree.root).view());
  return out;
}

}  // namespace

std::map<std::string, std::string> all_files(const Recording& recorded) {
  return {{"claims.json", claims_file(recorded)},
          {"tree.json", tree_file()},
          {"binders.json", binders_file(recorded)},
          {"evidence.json", evidence_file(recorded)},
          {"frames.json", frames_file(recorded)}};
}

std::string claims_file(const Recording& recorded) {
  Json out;
  out["about"] = kAbout;
  out["spki"] = to_hex(recorded.client_spki);
  out["spki_sha384"] = to_hex(hash_spki(recorded.client_spki).view());
  out["empty_spki_sha384"] = to_hex(hash_spki({}).view());
  out["claims"] = Json::array();
  for (const Case& about : cases()) {
    const auto binder = binder_of(secrets_of(about, about.place), about.role, about.level,
                                  spki_of(about, recorded));
    Json each;
    each["name"] = about.name;
    each["role"] = static_cast<int>(about.role);
    each["level"] = static_cast<int>(about.level);
    each["nonce"] = binder ? Json(to_hex(binder->view())) : Json(nullptr);
    each["spki"] = to_hex(spki_of(about, recorded));
    each["cbor"] = to_hex(claims_of(about, recorded)[about.place]);
    out["claims"].push_back(each);
  }
  return print(out);
}

std::string tree_file() {
  Json out;
  out["about"] = kAbout;
  out["trees"] = Json::array();
  for (const std::size_t sessions : {1U, 2U, 3U, 5U, 8U}) out["trees"].push_back(tree_of(sessions));
  return print(out);
}

std::string binders_file(const Recording& recorded) {
  Json out;
  out["about"] = kAbout;
  out["binders"] = Json::array();
  struct Kind {
    std::string_view name;
    Role role;
    Level level;
    bool has_key;
  };
  for (const auto hash : {crypto::TlsHash::sha256, crypto::TlsHash::sha384}) {
    for (const Kind& kind : {Kind{"B_c", Role::client, Level::exporter, true},
                             Kind{"B_s", Role::server, Level::handshake, true},
                             Kind{"B_p", Role::post_handshake_client, Level::exporter, false},
                             Kind{"B_p", Role::post_handshake_client, Level::exporter, true},
                             Kind{"B_p", Role::post_handshake_server, Level::exporter, true}}) {
      const Secrets secrets = Secrets::of("binders", hash);
      const ByteView spki = kind.has_key ? ByteView(recorded.client_spki) : ByteView();
      Json each;
      each["binder"] = kind.name;
      each["hash"] = hash_name(hash);
      each["role"] = static_cast<int>(kind.role);
      each["exporter_master_secret"] = to_hex(secrets.exporter_master);
      each["client_handshake_traffic_secret"] = to_hex(secrets.client_handshake_traffic);
      each["ctx"] = to_hex(secrets.context);
      each["spki"] = to_hex(spki);
      each["value"] = to_hex(binder_of(secrets, kind.role, kind.level, spki)->view());
      out["binders"].push_back(each);
    }
  }
  return print(out);
}

}  // namespace ratls::vectors
