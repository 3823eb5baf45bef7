#include <ratls/services/egress/rewrite.h>

#include <algorithm>
#include <array>

namespace ratls::egress {

namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Is `token` one of the comma-separated words of the field?
bool lists(const http::Headers& headers, std::string_view field, std::string_view token) {
  for (const http::Header& header : headers.all()) {
    if (!http::same_name(header.name, field)) continue;
    const std::string words = "," + lowered(header.value) + ",";
    std::string tight;
    for (const char c : words) {
      if (c != ' ' && c != '\t') tight.push_back(c);
    }
    if (tight.find("," + std::string(token) + ",") != std::string::npos) return true;
  }
  return false;
}

// RFC 9110, 7.6.1, and what belongs to one connection by its name.
bool is_hop_by_hop(const http::Headers& headers, std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{"connection",         "keep-alive",
                                                   "proxy-connection",   "proxy-authorization",
                                                   "proxy-authenticate", "te"};
  const auto same = [&](std::string_view other) { return http::same_name(name, other); };
  if (std::any_of(kNames.begin(), kNames.end(), same)) return true;
  const bool framing = same("transfer-encoding") || same("content-length") || same("upgrade");
  return !framing && lists(headers, "connection", lowered(name));
}

bool is_ours(std::string_view name) {
  return lowered(name).starts_with("x-ratls-");
}

bool is_injected(const Upstream& upstream, std::string_view name) {
  // Whoever sets one credential replaces the other spelling of it, too.
  constexpr std::array<std::string_view, 2> kCredentials{"authorization", "x-api-key"};
  const auto same = [&](std::string_view other) { return http::same_name(name, other); };
  const bool credential = std::any_of(kCredentials.begin(), kCredentials.end(), same);
  return std::any_of(upstream.inject.begin(), upstream.inject.end(), [&](const Injection& each) {
    return same(each.name) || (credential && std::any_of(kCredentials.begin(), kCredentials.end(),
                                                         [&](std::string_view other) {
                                                           return http::same_name(each.name, other);
                                                         }));
  });
}

}  // namespace

bool wants_upgrade(const http::Headers& headers) {
  return headers.find("upgrade") != nullptr && lists(headers, "connection", "upgrade");
}

bool keeps_alive(const http::Headers& headers) {
  return !lists(headers, "connection", "close");
}

Result<http::RequestHead> read_request(const std::string& head) {
  constexpr std::string_view kOld = " HTTP/1.0\r\n";
  const std::size_t line = head.find("\r\n");
  const bool old = head.starts_with("CONNECT ") && line != std::string::npos &&
                   head.substr(0, line + 2).ends_with(kOld);
  if (!old) return http::parse_request(head);
  const std::size_t end = line + 2 - kOld.size();
  const std::string first = head.substr(0, end) + " HTTP/1.1\r\n";
  const std::string rest = head.substr(line + 2);
  auto whole = http::parse_request(first + rest);
  if (whole) return whole;
  const std::string target = head.substr(8, end - 8);
  return http::parse_request(first + "host: " + target + "\r\n" + rest);
}

Result<Bytes> request_for(const http::RequestHead& request, const Upstream& upstream) {
  const bool upgrade = wants_upgrade(request.headers);
  http::RequestHead out{request.method, request.target, {{"host", upstream.host}}, {}};
  for (const http::Header& field : request.headers.all()) {
    const bool mine =
        http::same_name(field.name, "host") || (!upgrade && http::same_name(field.name, "upgrade"));
    if (mine || is_ours(field.name) || is_hop_by_hop(request.headers, field.name) ||
        is_injected(upstream, field.name)) {
      continue;
    }
    out.headers.add(field);
  }
  if (upgrade) out.headers.add({"connection", "upgrade"});
  RATLS_TRY(const std::string text, http::write(out));
  // The secrets go in last, into one buffer of the final size: growing it would leave copies.
  std::size_t room = text.size();
  for (const Injection& each : upstream.inject) {
    room += each.name.size() + each.before.size() + each.secret->size() + 4;
  }
  Bytes head;
  head.reserve(room);
  append(head, as_bytes(text).first(text.size() - 2));
  for (const Injection& each : upstream.inject) {
    append(head, as_bytes(each.name + ": " + each.before));
    each.secret->expose([&](ByteView secret) { append(head, secret); });
    append(head, as_bytes("\r\n"));
  }
  append(head, as_bytes("\r\n"));
  return head;
}

Result<std::string> response_for(const http::ResponseHead& response, const PeerFacts& peer,
                                 bool keep_alive) {
  const bool upgrade = response.status == 101;
  http::ResponseHead out{response.status, response.phrase, {}, {}};
  for (const http::Header& field : response.headers.all()) {
    const bool mine = !upgrade && http::same_name(field.name, "upgrade");
    if (mine || is_ours(field.name) || is_hop_by_hop(response.headers, field.name)) continue;
    out.headers.add(field);
  }
  if (upgrade) {
    out.headers.add({"connection", "upgrade"});
  } else if (!keep_alive && response.status >= 200) {
    out.headers.add({"connection", "close"});
  }
  if (response.status >= 200 || upgrade) {
    out.headers.add({"x-ratls-attested", peer.attested ? "true" : "false"});
    if (!peer.measurement.empty()) {
      out.headers.add({"x-ratls-measurement", peer.measurement});
    }
  }
  return http::write(out);
}

}  // namespace ratls::egress
