/// The genuine evidence beside the project, as tests use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <ratls/core/bytes.h>
#include <ratls/core/clock.h>
#include <ratls/verify/evidence.h>

#include "tests/support/files.h"

namespace ratls::test {

/// One case: a report, its certificate where one is known, and what is expected of both.
struct GenuineCase {
  std::string name;  ///< e.g. "milan/v3-vcek-dstack"
  std::string folder;
  Bytes report;
  std::optional<Bytes> endorsement;
  nlohmann::json expected;

  [[nodiscard]] bool valid() const { return expected.at("class_") == "valid"; }
  /// A moment inside the certificate's validity; that of 2026-11-23 where there is none.
  [[nodiscard]] Timestamp inside() const;
  [[nodiscard]] ReportFile file() const;
  [[nodiscard]] std::string field(const std::string& key) const {
    return expected.at("fields").at(key).get<std::string>();
  }
  /// "milan", "genoa", "bergamo_siena", "turin".
  [[nodiscard]] std::string product() const;
};

/// Every case with a report; skips the test where the vectors are absent.
std::vector<GenuineCase> genuine_cases();

/// One of them.
GenuineCase genuine_case(const std::string& name);

/// AMD's CA certificate of a product ("milan", "genoa", "turin"): "ark", "ask" or "asvk". DER.
Bytes amd_certificate(const std::string& product, const std::string& kind);

/// A policy that accepts exactly this case: every list holds its value, every floor is its TCB.
/// Tests change members of it and dump() it.
nlohmann::json policy_for(const GenuineCase& genuine);

/// The expected.json form of a TCB as the policy language writes it.
nlohmann::json policy_tcb(const nlohmann::json& expected_tcb);

}  // namespace ratls::test
