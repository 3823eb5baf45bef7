// Each field of a policy against genuine reports: below, equal, above, absent. The rows are made
// from the reports' own values.

#include <catch2/catch_test_macros.hpp>

#include <ratls/verify/policy_json.h>
#include <ratls/verify/verifier.h>

#include "tests/verify/genuine.h"

namespace ratls {

namespace {

using nlohmann::json;
using test::GenuineCase;

struct Row {
  std::string what;
  json policy;
  std::string expected;  ///< a reason's code, or "accepted"
};

class Matrix {
 public:
  explicit Matrix(GenuineCase genuine)
      : genuine_(std::move(genuine)), base_(test::policy_for(genuine_)) {}

  void row(const std::string& what, const std::string& pointer, const json& value,
           const std::string& expected) {
    json changed = base_;
    changed[json::json_pointer(pointer)] = value;
    rows_.push_back({what, std::move(changed), expected});
  }

  void tcb_rows();
  void list_rows();
  void bit_rows();
  void number_rows();
  void firmware_rows();
  void identity_rows();
  void date_rows();

  [[nodiscard]] std::size_t run() const;

 private:
  [[nodiscard]] const json& fields() const { return genuine_.expected.at("fields"); }
  [[nodiscard]] std::uint64_t number(const char* key) const {
    return std::stoull(genuine_.field(key), nullptr, 16);
  }

  GenuineCase genuine_;
  json base_;
  std::vector<Row> rows_;
};

const char* const kRule = "/accept/0";

std::string rule(const std::string& tail) {
  return kRule + tail;
}

// The same bytes with another last digit.
std::string other(std::string hex) {
  hex.back() = hex.back() == '0' ? '1' : '0';
  return hex;
}

// REPORTED is at most COMMITTED in every report, so one more than REPORTED is above both only
// where REPORTED is short of it already: that is what is refused.
void Matrix::tcb_rows() {
  const auto product = genuine_.product();
  const json tcb = test::policy_tcb(fields().at("reported_tcb"));
  for (const auto& [component, value] : tcb.items()) {
    const std::string pointer = rule("/min_tcb/" + product + "/" + component);
    const int level = value.get<int>();
    row(component + " equal", pointer, level, "accepted");
    if (level > 0) row(component + " below", pointer, level - 1, "accepted");
    row(component + " zero", pointer, 0, "accepted");
    if (level < 255) row(component + " above", pointer, level + 1, "tcb_below_floor");
    row(component + " highest", pointer, 255, level == 255 ? "accepted" : "tcb_below_floor");
  }
  const std::string another = product == "genoa" ? "bergamo_siena" : "genoa";
  json changed = base_;
  changed["accept"][0]["products"] = {another};
  changed["accept"][0]["min_tcb"] = {
      {another, {{"bootloader", 0}, {"tee", 0}, {"snp", 0}, {"microcode", 0}}}};
  rows_.push_back({"another product", changed, "product_not_allowed"});
}

void Matrix::list_rows() {
  struct List {
    const char* key;
    const char* field;
    const char* reason;
  };
  for (const List& list : {List{"host_data", "host_data", "host_data_not_allowed"},
                           List{"id_key_digests", "id_key_digest", "id_key_not_allowed"},
                           List{"chip_ids", "chip_id", "chip_not_allowed"}}) {
    const std::string value = genuine_.field(list.field);
    const std::string pointer = rule("/") + list.key;
    row(std::string(list.key) + " equal", pointer, {value}, "accepted");
    row(std::string(list.key) + " among others", pointer, {other(value), value}, "accepted");
    row(std::string(list.key) + " other", pointer, {other(value)}, list.reason);
    if (list.key != std::string("chip_ids") || genuine_.product() != "milan") {
      row(std::string(list.key) + " any", pointer, "any", "accepted");
    }
  }
  const std::string golden = genuine_.field("measurement");
  row("measurement other", rule("/measurements"), {other(golden)}, "measurement_not_allowed");
  row("measurement among others", rule("/measurements"), {other(golden), golden}, "accepted");
  row(
      "measurement upper case", rule("/measurements/0"),
      [&] {
        std::string upper = golden;
        for (char& c : upper) c = static_cast<char>(std::toupper(c));
        return upper;
      }(),
      "accepted");
  row("measurement any", rule("/measurements"), "dangerously_any", "accepted");
  row("author key listed", rule("/author_key_digests"), {genuine_.field("author_key_digest")},
      fields().at("author_key_en") == 1 ? "accepted" : "author_key_not_allowed");
  const bool vlek = genuine_.expected.at("ek").at("kind") == "vlek";
  row("no VLEK", rule("/vlek_csp_ids"), json::array(), vlek ? "csp_not_allowed" : "accepted");
  row("VLEK of another", rule("/vlek_csp_ids"), {"CN=x"}, vlek ? "csp_not_allowed" : "accepted");
  row("VLEK of any", rule("/vlek_csp_ids"), "any", "accepted");
}

void Matrix::bit_rows() {
  const std::uint64_t policy = number("policy");
  for (const auto& bit : snp::GuestPolicy::bits()) {
    if (bit.name == "debug" || bit.name == "migration") continue;
    const bool set = ((policy >> bit.bit) & 1U) != 0;
    const std::string pointer = rule("/guest_policy/") + std::string(bit.name);
    const std::string refused = "guest_policy_not_allowed";
    row(std::string(bit.name) + " must", pointer, true, set ? "accepted" : refused);
    row(std::string(bit.name) + " must not", pointer, false, set ? refused : "accepted");
  }
  const bool debug = ((policy >> snp::GuestPolicy::kDebug) & 1U) != 0;
  row("no debug", rule("/guest_policy/debug"), false, debug ? "debug_allowed" : "accepted");
  row("migration allowed", rule("/guest_policy/migration"), "dangerously_allow", "accepted");
  const std::uint64_t platform = number("platform_info");
  for (const auto& bit : snp::PlatformInfo::bits()) {
    const bool set = ((platform >> bit.bit) & 1U) != 0;
    const std::string refused = "platform_not_allowed";
    const json none = json::array();
    row(std::string(bit.name) + " must", rule("/platform_info"),
        {{"must", {bit.name}}, {"must_not", none}}, set ? "accepted" : refused);
    row(std::string(bit.name) + " must not", rule("/platform_info"),
        {{"must", none}, {"must_not", {bit.name}}}, set ? refused : "accepted");
  }
}

void Matrix::number_rows() {
  const int vmpl = fields().at("vmpl").get<int>();
  for (int allowed = 0; allowed <= 3; ++allowed) {
    row("VMPL " + std::to_string(allowed), rule("/vmpl"), {allowed},
        allowed == vmpl ? "accepted" : "vmpl_not_allowed");
  }
  row("every VMPL", rule("/vmpl"), {0, 1, 2, 3}, "accepted");
  const int version = fields().at("version").get<int>();
  for (int allowed = 2; allowed <= 5; ++allowed) {
    row("version " + std::to_string(allowed), rule("/report_versions"), {allowed},
        allowed == version ? "accepted" : "report_version_not_allowed");
  }
}

// REPORTED <= COMMITTED <= CURRENT, so a launch floor and a firmware version are judged by other
// fields than min_tcb.
void Matrix::firmware_rows() {
  const auto product = genuine_.product();
  const json launch = test::policy_tcb(fields().at("launch_tcb"));
  for (const auto& [component, value] : launch.items()) {
    const int level = value.get<int>();
    const auto at = [&](int wanted) {
      json floor = launch;
      floor[component] = wanted;
      return json{{"min", {{product, floor}}}, {"at_most_current", "any"}};
    };
    const std::string pointer = rule("/launch_tcb");
    row("launch " + component + " equal", pointer, at(level), "accepted");
    if (level > 0) row("launch " + component + " below", pointer, at(level - 1), "accepted");
    if (level < 255) {
      row("launch " + component + " above", pointer, at(level + 1), "launch_tcb_below_floor");
    }
  }
  row("launch at most current", rule("/launch_tcb"), {{"min", "any"}, {"at_most_current", true}},
      "accepted");
  const std::string committed = genuine_.field("committed_ver");
  const std::string start = committed.substr(0, committed.rfind('.') + 1);
  const int build = std::stoi(committed.substr(start.size()));
  const auto version = [&](const std::string& first, int last) {
    return json{{product, first + std::to_string(last)}};
  };
  row("firmware equal", rule("/min_firmware"), version(start, build), "accepted");
  row("firmware below", rule("/min_firmware"), version(start, build - 1), "accepted");
  row("firmware above", rule("/min_firmware"), version(start, build + 1), "firmware_below_minimum");
  row("firmware minor above", rule("/min_firmware"), version("1.99.", 0), "firmware_below_minimum");
}

void Matrix::identity_rows() {
  for (const char* vector : {"current", "launch"}) {
    const bool told = fields().at("version").get<int>() >= 5;
    const std::uint64_t raw = told ? number((std::string(vector) + "_mit").c_str()) : 0;
    for (int bit = 0; bit < 7; ++bit) {
      json demand{{"current", json::array()}, {"launch", json::array()}};
      demand[vector] = {bit};
      row(std::string(vector) + " mitigation " + std::to_string(bit), rule("/mitigations"), demand,
          ((raw >> static_cast<unsigned>(bit)) & 1U) != 0 ? "accepted" : "mitigation_missing");
    }
  }
  const auto abi = snp::GuestPolicy{number("policy")}.abi();
  row("ABI equal", rule("/guest_policy/min_abi"), abi.text(), "accepted");
  row("ABI above", rule("/guest_policy/min_abi"),
      snp::AbiVersion{abi.major, static_cast<std::uint8_t>(abi.minor + 1)}.text(),
      "guest_abi_below_minimum");
  for (const auto& [key, field, reason] :
       {std::tuple("family_ids", "family_id", "family_id_not_allowed"),
        std::tuple("image_ids", "image_id", "image_id_not_allowed")}) {
    const std::string value = genuine_.field(field);
    row(std::string(key) + " equal", rule("/") + key, {value}, "accepted");
    row(std::string(key) + " other", rule("/") + key, {other(value)}, reason);
    row(std::string(key) + " any", rule("/") + key, "any", "accepted");
  }
  const auto svn = fields().at("guest_svn").get<std::uint32_t>();
  row("SVN above", rule("/min_guest_svn"), svn + 1, "guest_svn_below_minimum");
  row("SVN zero", rule("/min_guest_svn"), 0, "accepted");
  const std::string chip = genuine_.field("chip_id");
  const bool hidden = chip.find_first_not_of('0') == std::string::npos;
  row("chip denied", rule("/denied_chip_ids"), {chip}, "chip_denied");
  row("another chip denied", rule("/denied_chip_ids"), {other(chip)},
      hidden ? "chip_denied" : "accepted");
}

void Matrix::date_rows() {
  const auto at = [&](std::int64_t seconds) {
    return to_rfc3339({genuine_.inside().unix_seconds + seconds});
  };
  row("expires later", "/expires", at(1), "accepted");
  row("expires now", "/expires", at(0), "policy_expired");
  row("expired", "/expires", at(-1), "policy_expired");
  for (const auto& [what, seconds, expected] :
       {std::tuple{"clock floor passed", -1, "accepted"},
        std::tuple{"clock floor now", 0, "accepted"},
        std::tuple{"clock set back", 1, "clock_set_back"}}) {
    row(what, "/clock", {{"max_skew_seconds", 0}, {"not_before", at(seconds)}}, expected);
  }
  row("list required", "/revocation", {{"mode", "require"}, {"max_age_hours", 24}}, "crl_missing");
}

std::size_t Matrix::run() const {
  const FixedClock clock(genuine_.inside());
  for (const Row& each : rows_) {
    INFO(genuine_.name << ": " << each.what);
    const auto policy = parse_policy(as_bytes(each.policy.dump()));
    REQUIRE(policy);
    const auto outcome = Verifier(*policy, clock).verify_report(genuine_.file());
    const auto reason = outcome.verdict.reason;
    CHECK((reason ? std::string(code(*reason)) : "accepted") == each.expected);
    CHECK(outcome.accepted.has_value() == (each.expected == "accepted"));
  }
  return rows_.size();
}

}  // namespace

TEST_CASE("each field of a policy decides by itself, on six genuine reports") {
  std::size_t rows = 0;
  for (const char* name : {"turin/v5-vcek-microsoft", "genoa/v5-vcek-oak", "milan/v3-vcek-dstack",
                           "siena-bergamo/v5-vcek-live", "milan/v3-vlek-aws-trustee",
                           "milan/v2-vcek-librats-debugpolicy"}) {
    Matrix matrix(test::genuine_case(name));
    matrix.tcb_rows();
    matrix.list_rows();
    matrix.bit_rows();
    matrix.number_rows();
    matrix.firmware_rows();
    matrix.identity_rows();
    matrix.date_rows();
    rows += matrix.run();
  }
  CHECK(rows >= 600);
}

}  // namespace ratls
