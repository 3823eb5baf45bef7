#include "tests/verify/genuine.h"

#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include "tests/support/files.h"

namespace ratls::test {

namespace {

namespace fs = std::filesystem;

// "2025-08-07 17:21:41+00:00" of expected.json.
Timestamp parse_python_time(std::string text) {
  text.replace(10, 1, "T");
  return parse_rfc3339(text).value();
}

std::string vectors_or_skip() {
  const auto folder = shared_vectors();
  if (!folder) SKIP("the genuine evidence (../shared/vectors) is not here");
  return *folder;
}

GenuineCase load(const fs::path& folder) {
  GenuineCase out;
  out.name = folder.parent_path().filename().string() + "/" + folder.filename().string();
  out.folder = folder.string();
  out.report = read_file((folder / "report.bin").string()).value();
  out.endorsement = read_file((folder / "vcek.der").string());
  if (!out.endorsement) out.endorsement = read_file((folder / "vlek.der").string());
  out.expected = nlohmann::json::parse(read_file((folder / "expected.json").string()).value());
  return out;
}

}  // namespace

Timestamp GenuineCase::inside() const {
  if (!expected.contains("ek") || !expected.at("ek").contains("not_before")) {
    return parse_rfc3339("2026-11-23T00:00:00Z").value();
  }
  const auto begin = parse_python_time(expected.at("ek").at("not_before").get<std::string>());
  return {begin.unix_seconds + 86400};
}

ReportFile GenuineCase::file() const {
  ReportFile out;
  out.report = report;
  if (endorsement) out.endorsement = ByteView(*endorsement);
  return out;
}

std::string GenuineCase::product() const {
  if (name.starts_with("siena")) return "bergamo_siena";
  return name.substr(0, name.find('/'));
}

std::vector<GenuineCase> genuine_cases() {
  std::vector<GenuineCase> out;
  for (const auto& entry : fs::recursive_directory_iterator(vectors_or_skip())) {
    if (entry.path().filename() == "report.bin") out.push_back(load(entry.path().parent_path()));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

GenuineCase genuine_case(const std::string& name) {
  return load(fs::path(vectors_or_skip()) / name);
}

Bytes amd_certificate(const std::string& product, const std::string& kind) {
  return read_file(vectors_or_skip() + "/certs/" + product + "/" + kind + ".der").value();
}

nlohmann::json policy_tcb(const nlohmann::json& expected_tcb) {
  nlohmann::json out{{"bootloader", expected_tcb.at("bl")},
                     {"tee", expected_tcb.at("tee")},
                     {"snp", expected_tcb.at("snp")},
                     {"microcode", expected_tcb.at("ucode")}};
  if (expected_tcb.contains("fmc")) out["fmc"] = expected_tcb.at("fmc");
  return out;
}

nlohmann::json policy_for(const GenuineCase& genuine) {
  const auto& fields = genuine.expected.at("fields");
  const bool debug = genuine.expected.at("policy_flags").at("debug").get<bool>();
  nlohmann::json bits;
  for (const char* bit : {"smt", "single_socket", "cxl", "aes_256_xts", "rapl_disabled",
                          "ciphertext_hiding", "page_swap_disabled"}) {
    bits[bit] = "any";
  }
  bits["debug"] = debug ? nlohmann::json("dangerously_allow") : nlohmann::json(false);
  bits["migration"] = false;
  bits["min_abi"] = "any";
  nlohmann::json csps = nlohmann::json::array();
  if (genuine.expected.at("ek").at("kind") == "vlek") {
    csps.push_back(genuine.expected.at("ek").at("ext").at("cspID"));
  }
  const auto product = genuine.product();
  nlohmann::json guest{{"name", "the guest"},
                       {"covers", "image"},
                       {"measurements", {fields.at("measurement")}},
                       {"products", {product}},
                       {"min_tcb", {{product, policy_tcb(fields.at("reported_tcb"))}}},
                       {"launch_tcb", "any"},
                       {"min_firmware", "any"},
                       {"mitigations", "any"},
                       {"guest_policy", bits},
                       {"vmpl", {fields.at("vmpl")}},
                       {"platform_info", "any"},
                       {"report_versions", {fields.at("version")}},
                       {"host_data", {fields.at("host_data")}},
                       {"id_key_digests", {fields.at("id_key_digest")}},
                       {"author_key_digests", "any"},
                       {"family_ids", {fields.at("family_id")}},
                       {"image_ids", {fields.at("image_id")}},
                       {"min_guest_svn", fields.at("guest_svn")},
                       {"chip_ids", {fields.at("chip_id")}},
                       {"denied_chip_ids", nlohmann::json::array()},
                       {"vlek_csp_ids", csps}};
  return {{"name", "test"},
          {"version", 3},
          {"expires", nullptr},
          {"accept", {guest}},
          {"revocation", {{"mode", "accept_missing"}}}};
}

}  // namespace ratls::test
