/// The policy that tests change: complete, and read as it stands.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>

namespace ratls::test {

inline const std::string k16(32, 'd');
inline const std::string k48(96, 'a');
inline const std::string k32(64, 'b');
inline const std::string k64(128, 'c');

inline nlohmann::json tcb() {
  return {{"bootloader", 4}, {"tee", 0}, {"snp", 22}, {"microcode", 213}};
}

inline nlohmann::json guest() {
  nlohmann::json bits{{"min_abi", "any"}, {"debug", false}, {"migration", false}};
  for (const char* bit : {"smt", "single_socket", "cxl", "aes_256_xts", "rapl_disabled",
                          "ciphertext_hiding", "page_swap_disabled"}) {
    bits[bit] = "any";
  }
  return {{"name", "agent-1.4"},
          {"covers", "image"},
          {"measurements", {k48}},
          {"products", {"milan"}},
          {"min_tcb", {{"milan", tcb()}}},
          {"launch_tcb", "any"},
          {"min_firmware", "any"},
          {"mitigations", "any"},
          {"guest_policy", bits},
          {"vmpl", {0}},
          {"platform_info", "any"},
          {"report_versions", {3, 5}},
          {"host_data", "any"},
          {"id_key_digests", "any"},
          {"author_key_digests", "any"},
          {"family_ids", "any"},
          {"image_ids", "any"},
          {"min_guest_svn", 0},
          {"chip_ids", {k64}},
          {"denied_chip_ids", nlohmann::json::array()},
          {"vlek_csp_ids", nlohmann::json::array()}};
}

inline nlohmann::json policy() {
  return {{"name", "prod"},
          {"version", 7},
          {"expires", nullptr},
          {"accept", {guest()}},
          {"revocation", {{"mode", "require"}, {"max_age_hours", 24}}}};
}

inline std::string error_of(const std::string& text) {
  const auto read = parse_policy(as_bytes(text));
  if (read) return "accepted";
  CHECK(read.error().reason() == Reason::invalid_policy);
  return read.error().detail();
}

inline std::string error_of(const nlohmann::json& value) {
  return error_of(value.dump());
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ratls::test
