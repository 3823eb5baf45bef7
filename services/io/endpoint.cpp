#include <sys/un.h>

#include <ratls/services/io/stream.h>

namespace ratls::io {

namespace {
constexpr std::string_view kUnix = "unix:";
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  Endpoint out;
  if (!text.starts_with(kUnix)) {
    RATLS_TRY(out.address, Address::parse(text));
    return out;
  }
  out.path = std::string(text.substr(kUnix.size()));
  if (out.path.empty() || out.path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return Error(Reason::invalid_config, "a Unix socket's path has 1 to 107 characters");
  }
  return out;
}

std::string Endpoint::text() const {
  return is_unix() ? std::string(kUnix) + path : address.text();
}

}  // namespace ratls::io
