// Whose connections count together.
#include <ratls/tcp.h>

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <ratls/core/crypto.h>

namespace ratls {

namespace {

constexpr std::size_t kNetwork = 8;  // bytes of an IPv6 address

PeerId of_ipv6(const in6_addr& address) noexcept {
  PeerId out;
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&address) != 0;
  const ByteView all(address.s6_addr);
  copy_bytes(mapped ? all : all.first(kNetwork),
             out.mutable_view().first(mapped ? all.size() : kNetwork));
  return out;
}

PeerId of_ipv4(const in_addr& address) noexcept {
  in6_addr mapped{};
  mapped.s6_addr[10] = mapped.s6_addr[11] = 0xFF;
  for (std::size_t i = 0; i < 4; ++i) {
    mapped.s6_addr[12 + i] = static_cast<std::uint8_t>(ntohl(address.s_addr) >> (24 - 8 * i));
  }
  return of_ipv6(mapped);
}

}  // namespace

PeerId peer_id(std::string_view from) noexcept {
  const std::string_view host = from.substr(0, from.rfind(':'));
  const bool bracketed = host.starts_with('[');
  // Without brackets and without a zone (RFC 4007).
  const std::string_view bare = bracketed ? host.substr(1, host.find_first_of("%]", 1) - 1) : host;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bare.size() < text.size()) {
    std::copy(bare.begin(), bare.end(), text.begin());
    in6_addr v6{};
    in_addr v4{};
    if (bracketed && ::inet_pton(AF_INET6, text.data(), &v6) == 1) return of_ipv6(v6);
    if (!bracketed && ::inet_pton(AF_INET, text.data(), &v4) == 1) return of_ipv4(v4);
  }
  return *PeerId::from(crypto::sha256({as_bytes(host)}).view().first(PeerId::kSize));
}

}  // namespace ratls
