#include <ratls/kds/detail/url.h>

#include <algorithm>
#include <charconv>

namespace ratls::kds {
namespace {

constexpr std::uint16_t kHttps = 443;
constexpr std::size_t kMaxUrl = 1024;
constexpr std::size_t kTurinIdSize = 8;

Error wrong(std::string_view text, std::string_view what) {
  // The text is the user's own, but it may hold a line feed.
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  return Error(Reason::invalid_config,
               (plain ? "'" + std::string(text) + "': " : std::string()) + std::string(what));
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), fits);
}

bool is_ipv6(std::string_view text) {
  return text.find(':') != std::string_view::npos && text.size() <= 45 &&
         text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

bool is_path(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; });
}

bool is_port(std::string_view text, std::uint16_t& out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && out != 0;
}

// "host", "host:port", "[v6]" or "[v6]:port"; `port` stays where none is given.
bool read_authority(std::string_view text, std::string& host, std::uint16_t& port) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (!is_name(text.substr(0, end))) return false;
    host = text.substr(0, end);
    rest = text.substr(end);
  }
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1), port));
}

std::string level(std::string_view name, std::uint8_t value) {
  return std::string(name) + (value < 10 ? "=0" : "=") + std::to_string(value);
}

std::string folder(snp::ProductLine line, snp::SigningKeyKind kind) {
  const bool vcek = kind == snp::SigningKeyKind::vcek;
  return (vcek ? "/vcek/v1/" : "/vlek/v1/") + std::string(snp::amd_name(line));
}

// On Turin the id is 8 bytes, and the rest of the field is zero.
Result<std::string> hardware_id(const EndorsementQuery& query, bool turin) {
  const ByteView id = query.chip_id.view();
  if (query.chip_id.is_zero()) return Error(Reason::chip_id_masked, "CHIP_ID is zero");
  if (!turin) return to_hex(id);
  if (!is_zero(id.subspan(kTurinIdSize))) {
    return Error(Reason::chip_id_mismatch, "a chip id of Turin has 8 bytes, then zeros");
  }
  return to_hex(id.first(kTurinIdSize));
}

}  // namespace

Result<BaseUrl> BaseUrl::parse(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (text.size() > kMaxUrl) return Error(Reason::invalid_config, "a URL of more than 1024 bytes");
  if (!text.starts_with(kScheme)) return wrong(text, "a base URL begins with https://");
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t end = std::min(rest.find('/'), rest.size());
  BaseUrl out;
  out.port = kHttps;
  if (!read_authority(rest.substr(0, end), out.host, out.port)) {
    return wrong(text, "a base URL is written https://host, https://host:port or with a path");
  }
  std::string_view path = rest.substr(end);
  if (!is_path(path)) return wrong(text, "a base URL has no query, fragment or blank");
  while (path.ends_with('/')) path.remove_suffix(1);
  out.path = path;
  return out;
}

std::string BaseUrl::authority() const {
  const std::string full = address().text();
  return port == kHttps ? full.substr(0, full.rfind(':')) : full;
}

Result<Address> parse_proxy(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = text.substr(0, std::min(text.size(), kMaxUrl));
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  Address out;
  if (!text.starts_with(kScheme) || !read_authority(rest, out.host, out.port) || out.port == 0) {
    return wrong(text, "a proxy is written http://host:port");
  }
  return out;
}

Result<std::string> vcek_target(const EndorsementQuery& query) {
  if (query.kind != snp::SigningKeyKind::vcek) {
    return Error(Reason::missing_endorsement,
                 "a VLEK is handed out to its cloud provider alone, never by AMD's key service");
  }
  if (!query.line) return Error(Reason::invalid_config, "no product line");
  const bool turin = *query.line == snp::ProductLine::turin;
  const snp::Tcb& tcb = query.reported_tcb;
  if (tcb.fmc.has_value() != turin) {
    return Error(Reason::invalid_config,
                 turin ? "a TCB of Turin has an FMC" : "only Turin has an FMC");
  }
  RATLS_TRY(const std::string id, hardware_id(query, turin));
  std::string out = folder(*query.line, query.kind) + "/" + id + "?";
  if (tcb.fmc) out += level("fmcSPL", *tcb.fmc) + "&";
  out += level("blSPL", tcb.bootloader) + "&" + level("teeSPL", tcb.tee) + "&";
  return out + level("snpSPL", tcb.snp) + "&" + level("ucodeSPL", tcb.microcode);
}

std::string crl_target(const CrlQuery& query) {
  return folder(query.line, query.kind) + "/crl";
}

std::string chain_target(snp::ProductLine line, snp::SigningKeyKind kind) {
  return folder(line, kind) + "/cert_chain";
}

}  // namespace ratls::kds
