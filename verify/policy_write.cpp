#include <ratls/core/base64.h>
#include <ratls/core/json.h>
#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/policy_json.h>

namespace ratls {

namespace {

using detail::Allow;
using detail::BitRule;
using detail::GuestRule;
using detail::InstanceRule;
using json::quoted;

constexpr std::string_view kAny = "\"any\"";

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

template <class List, class F>
std::string list(const List& values, F text) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : ", ") + std::string(text(value));
  return "[" + out + "]";
}

template <class Fixed>
std::string allowed(const Allow<Fixed>& allow, std::string_view any = kAny) {
  if (allow.is_any()) return std::string(any);
  return list(allow.values(), [](const Fixed& value) { return quoted(value.hex()); });
}

std::string tcb(const snp::Tcb& floor) {
  const std::string fmc = floor.fmc ? "\"fmc\": " + number(*floor.fmc) + ", " : std::string();
  return "{" + fmc + "\"bootloader\": " + number(floor.bootloader) +
         ", \"tee\": " + number(floor.tee) + ", \"snp\": " + number(floor.snp) +
         ", \"microcode\": " + number(floor.microcode) + "}";
}

template <class T, class F>
std::string by_product(const std::map<snp::Product, T>& values, F text) {
  std::string out;
  for (const auto& [product, value] : values) {
    out += (out.empty() ? "" : ", ") + quoted(snp::name(product)) + ": " + text(value);
  }
  return "{" + out + "}";
}

std::string launch(const GuestRule& rule) {
  const auto& wanted = rule.launch;
  if (wanted.floors.empty() && !wanted.at_most_current) return std::string(kAny);
  std::string least(kAny);
  if (!wanted.floors.empty()) {
    least = wanted.floors == rule.floors ? "\"min_tcb\"" : by_product(wanted.floors, tcb);
  }
  return "{\"min\": " + least +
         ", \"at_most_current\": " + (wanted.at_most_current ? "true" : "\"any\"") + "}";
}

std::string firmware(const GuestRule& rule) {
  if (rule.min_firmware.empty()) return std::string(kAny);
  return by_product(rule.min_firmware,
                    [](const snp::FirmwareVersion& version) { return quoted(version.text()); });
}

std::string mitigations(const GuestRule& rule) {
  const auto bits = [](std::uint64_t mask) {
    return mask == 0 ? std::string("[]") : "[" + snp::bit_numbers(mask) + "]";
  };
  if ((rule.mitigations.current | rule.mitigations.launch) == 0) return std::string(kAny);
  return "{\"current\": " + bits(rule.mitigations.current) +
         ", \"launch\": " + bits(rule.mitigations.launch) + "}";
}

std::string guest_policy(const GuestRule& rule) {
  const auto relaxed = [](bool allow) { return allow ? "\"dangerously_allow\"" : "false"; };
  std::string out = "{\n        \"min_abi\": " +
                    (rule.min_abi ? quoted(rule.min_abi->text()) : std::string(kAny)) +
                    ", \"debug\": " + relaxed(rule.debug_allowed) +
                    ", \"migration\": " + relaxed(rule.migration_allowed);
  for (const auto& bit : snp::GuestPolicy::bits()) {
    if (bit.name == "debug" || bit.name == "migration") continue;
    const std::uint64_t mask = std::uint64_t{1} << bit.bit;
    std::string value(kAny);
    if ((rule.guest_policy.must & mask) != 0) value = "true";
    if ((rule.guest_policy.must_not & mask) != 0) value = "false";
    out += ",\n        " + quoted(bit.name) + ": " + value;
  }
  return out + "\n      }";
}

std::string platform(const BitRule& rule) {
  if ((rule.must | rule.must_not) == 0) return std::string(kAny);
  const auto names = [](std::uint64_t mask) {
    std::vector<std::string_view> out;
    for (const auto& bit : snp::PlatformInfo::bits()) {
      if (((mask >> bit.bit) & 1U) != 0) out.push_back(bit.name);
    }
    return list(out, [](std::string_view name) { return quoted(name); });
  };
  return "{\"must\": " + names(rule.must) + ", \"must_not\": " + names(rule.must_not) + "}";
}

std::string pcrs(const GuestRule& rule) {
  std::string out;
  for (const auto& [index, values] : rule.pcrs) {
    out += (out.empty() ? "" : ",\n        ") + quoted(number(index)) + ": " +
           list(values, [](const Sha256Digest& value) { return quoted(value.hex()); });
  }
  return "{\"sha256\": {\n        " + out + "\n      }}";
}

std::string instance_keys(const InstanceRule& rule) {
  const std::string pins = list(rule.pins, [](const Sha256Digest& pin) {
    return quoted("sha256//" + to_base64(pin.view()));
  });
  const std::string issuers =
      list(rule.issuers, [](const Bytes& key) { return quoted(to_hex(key)); });
  std::string out;
  if (!rule.pins.empty()) out = "\"pins\": " + pins;
  if (!rule.issuers.empty()) out += (out.empty() ? "" : ", ") + ("\"issuers\": " + issuers);
  return "{" + out + "}";
}

std::string csp_ids(const GuestRule& rule) {
  if (rule.csp_ids.is_any()) return std::string(kAny);
  return list(rule.csp_ids.values(), [](const std::string& id) { return quoted(id); });
}

/// Members of an object, one a line.
class Members {
 public:
  explicit Members(std::string indent) : indent_(std::move(indent)) {}
  void add(std::string_view key, const std::string& value) {
    out_ += (out_.empty() ? "" : ",\n") + indent_ + quoted(key) + ": " + value;
  }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  std::string indent_;
  std::string out_;
};

std::string guest(const GuestRule& rule) {
  Members out("      ");
  out.add("name", quoted(rule.name));
  out.add("covers", quoted(name(rule.covers)));
  out.add("measurements", allowed(rule.measurements, "\"dangerously_any\""));
  out.add("products",
          list(rule.floors, [](const auto& each) { return quoted(snp::name(each.first)); }));
  out.add("min_tcb", by_product(rule.floors, tcb));
  out.add("launch_tcb", launch(rule));
  out.add("min_firmware", firmware(rule));
  out.add("mitigations", mitigations(rule));
  out.add("guest_policy", guest_policy(rule));
  out.add("vmpl", list(rule.vmpls, number));
  out.add("platform_info", platform(rule.platform));
  out.add("report_versions", list(rule.report_versions, number));
  out.add("host_data", allowed(rule.host_data));
  out.add("id_key_digests", allowed(rule.id_keys));
  out.add("author_key_digests", allowed(rule.author_keys));
  out.add("family_ids", allowed(rule.family_ids));
  out.add("image_ids", allowed(rule.image_ids));
  out.add("min_guest_svn", number(rule.min_guest_svn));
  out.add("chip_ids", allowed(rule.chips));
  out.add("denied_chip_ids",
          list(rule.denied_chips, [](const snp::ChipId& chip) { return quoted(chip.hex()); }));
  out.add("vlek_csp_ids", csp_ids(rule));
  if (!rule.pcrs.empty()) out.add("tpm_pcrs", pcrs(rule));
  if (rule.instance) out.add("instance_keys", instance_keys(*rule.instance));
  if (rule.milan_accepted) out.add("dangerously_accept_milan", "true");
  return "    {\n" + out.text() + "\n    }";
}

std::string simulator(const SimulatorRoot& root) {
  std::string product = "turin";
  if (root.line == snp::ProductLine::milan) product = "milan";
  if (root.line == snp::ProductLine::genoa) product = "genoa";
  return "{\"product\": " + quoted(product) + ", \"ark\": " + quoted(to_hex(root.ark)) +
         ", \"ask\": " + quoted(to_hex(root.ask)) + ", \"asvk\": " + quoted(to_hex(root.asvk)) +
         "}";
}

std::string clock_rule(const ClockRule& rule) {
  return "{\"max_skew_seconds\": " + number(rule.max_skew_seconds) +
         ", \"not_before\": " + (rule.not_before ? quoted(to_rfc3339(*rule.not_before)) : "null") +
         "}";
}

}  // namespace

std::string policy_text(const Policy& policy) {
  const auto& data = detail::data_of(policy);
  const auto age = data.revocation->max_age_hours();
  std::string guests;
  for (const GuestRule& rule : data.accept) guests += (guests.empty() ? "" : ",\n") + guest(rule);
  Members out("  ");
  out.add("name", quoted(data.name));
  out.add("version", number(data.version));
  out.add("expires", data.expires ? quoted(to_rfc3339(*data.expires)) : "null");
  out.add("accept", "[\n" + guests + "\n  ]");
  out.add("revocation", age ? R"({"mode": "require", "max_age_hours": )" + number(*age) + "}"
                            : std::string(R"({"mode": "accept_missing"})"));
  if (data.clock != ClockRule()) out.add("clock", clock_rule(data.clock));
  if (!data.simulators.empty()) out.add("simulator_roots", list(data.simulators, simulator));
  return "{\n" + out.text() + "\n}\n";
}

}  // namespace ratls
