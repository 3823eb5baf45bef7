#include <ratls/certgen/sim/policy_text.h>

#include <algorithm>

namespace ratls::sim {
namespace {

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string number(std::uint32_t value) {
  return std::to_string(value);
}

// `text(item)` for each item, between brackets.
template <class Items, class F>
std::string list(const Items& items, F text) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ", ";
    out += text(item);
  }
  return out + "]";
}

std::string minimum(Product product) {
  const Tcb tcb = recent_firmware(product).reported;
  const std::string fmc =
      product == Product::turin ? R"("fmc": )" + number(tcb.fmc) + ", " : std::string();
  return quoted(name(product)) + ": {" + fmc + R"("bootloader": )" + number(tcb.bootloader) +
         R"(, "tee": )" + number(tcb.tee) + R"(, "snp": )" + number(tcb.snp) +
         R"(, "microcode": )" + number(tcb.microcode) + "}";
}

std::string minimums(const std::vector<Product>& products) {
  std::string out = list(products, minimum);
  out.front() = '{';
  out.back() = '}';
  return out;
}

// A simulated Milan is accepted on any chip.
std::string milan_flag(const std::vector<Product>& products) {
  const bool milan = std::find(products.begin(), products.end(), Product::milan) != products.end();
  return milan ? ",\n      \"dangerously_accept_milan\": true" : "";
}

// The measurement of an Azure guest is its paravisor's.
std::string covers(const PcrValues& pcrs) {
  if (pcrs.empty()) return R"("image")";
  std::string values = list(pcrs, [](const auto& each) {
    return quoted(number(each.first)) + ": [" + quoted(each.second.hex()) + "]";
  });
  values.front() = '{';
  values.back() = '}';
  return R"("firmware",
      "tpm_pcrs": {"sha256": )" +
         values + "}";
}

std::string guest(const PolicyOptions& options) {
  return R"(    {
      "name": "simulated-guest",
      "covers": )" +
         covers(options.tpm_pcrs) + R"(,
      "measurements": )" +
         list(options.measurements, [](const Digest48& each) { return quoted(each.hex()); }) +
         R"(,
      "products": )" +
         list(options.products, [](Product each) { return quoted(name(each)); }) + R"(,
      "min_tcb": )" +
         minimums(options.products) + R"(,
      "launch_tcb": "any",
      "min_firmware": "any",
      "mitigations": "any",
      "guest_policy": {
        "min_abi": "any", "debug": false, "migration": false, "smt": "any", "single_socket": "any", "cxl": "any",
        "aes_256_xts": "any", "rapl_disabled": "any", "ciphertext_hiding": "any",
        "page_swap_disabled": "any"
      },
      "vmpl": )" +
         list(options.vmpls, number) + R"(,
      "platform_info": "any",
      "report_versions": )" +
         list(options.report_versions, number) + R"(,
      "host_data": "any",
      "id_key_digests": "any",
      "author_key_digests": "any",
      "family_ids": "any",
      "image_ids": "any",
      "min_guest_svn": 0,
      "chip_ids": "any",
      "denied_chip_ids": [],
      "vlek_csp_ids": )" +
         list(options.csp_ids, quoted) + milan_flag(options.products) + "\n    }\n";
}

}  // namespace

Result<std::string> policy_json(Authority& authority, const PolicyOptions& options) {
  RATLS_TRY(const std::string roots, authority.roots_json(options.products));
  return R"({
  "name": )" +
         quoted(options.name) + R"(,
  "version": 1,
  "expires": null,
  "accept": [
)" + guest(options) +
         R"(  ],
  "revocation": {"mode": "accept_missing"},
  "simulator_roots": )" +
         roots + "\n}\n";
}

}  // namespace ratls::sim
