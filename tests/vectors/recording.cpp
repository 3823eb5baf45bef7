#include "recording.h"

#include <nlohmann/json.hpp>

namespace ratls::vectors {
namespace {

using Json = nlohmann::ordered_json;

Json hex_map(const std::map<std::string, Bytes>& from) {
  Json out = Json::object();
  for (const auto& [name, bytes] : from) out[name] = to_hex(bytes);
  return out;
}

// Throws what nlohmann throws, or leaves `wrong` set.
Bytes bytes_of(const Json& json, bool& wrong) {
  auto bytes = from_hex(json.get<std::string>());
  wrong = wrong || !bytes;
  return bytes.value_or(Bytes{});
}

std::map<std::string, Bytes> map_of(const Json& json, bool& wrong) {
  std::map<std::string, Bytes> out;
  for (const auto& [name, value] : json.items()) out[name] = bytes_of(value, wrong);
  return out;
}

}  // namespace

std::string Recording::to_json() const {
  Json out;
  out["about"] =
      "SIMULATED keys and signatures, drawn once by draw_vectors; everything else is computed";
  out["ark"] = to_hex(ark);
  out["ask"] = to_hex(ask);
  out["asvk"] = to_hex(asvk);
  out["chip_id"] = to_hex(chip_id);
  out["client_spki"] = to_hex(client_spki);
  out["server_spki"] = to_hex(server_spki);
  out["crl"] = to_hex(crl);
  out["endorsements"] = hex_map(endorsements);
  out["reports"] = hex_map(reports);
  out["leaves"] = hex_map(leaves);
  out["azure"] = hex_map(azure);
  return out.dump(1) + "\n";
}

Result<Recording> Recording::from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    bool wrong = false;
    Recording out;
    out.ark = bytes_of(json.at("ark"), wrong);
    out.ask = bytes_of(json.at("ask"), wrong);
    out.asvk = bytes_of(json.at("asvk"), wrong);
    out.chip_id = bytes_of(json.at("chip_id"), wrong);
    out.client_spki = bytes_of(json.at("client_spki"), wrong);
    out.server_spki = bytes_of(json.at("server_spki"), wrong);
    out.crl = bytes_of(json.at("crl"), wrong);
    out.endorsements = map_of(json.at("endorsements"), wrong);
    out.reports = map_of(json.at("reports"), wrong);
    out.leaves = map_of(json.at("leaves"), wrong);
    out.azure = map_of(json.at("azure"), wrong);
    if (!wrong) return out;
  } catch (const Json::exception& error) {
    return Error(Reason::invalid_config, error.what());
  }
  return Error(Reason::invalid_config, "something is not written in hex");
}

}  // namespace ratls::vectors
