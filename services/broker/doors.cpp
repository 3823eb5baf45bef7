#include <ratls/services/broker/doors.h>

#include <utility>

namespace ratls::broker {

namespace {

constexpr std::string_view kListen = "listen";
constexpr std::string_view kFramed = "framed";
constexpr std::string_view kStatus = "status";

Error wrong(const std::string& what) {
  return Error(Reason::invalid_config, what);
}

std::string socket_called(std::string_view name) {
  return "the inherited socket \"" + std::string(name) + "\"";
}

// Shares of places are counted by address, and a Unix socket's peers have none.
Result<void> check_guests(std::string_view name, const io::Endpoint& at) {
  if (!at.is_unix()) return {};
  return wrong(
      socket_called(name) + " is " + at.text() + ", and guests come over TCP: write " +
      "ListenStream=ADDRESS:PORT, or FileDescriptorName=status where it is the status page's");
}

Result<void> check_status(const io::Endpoint& at) {
  if (at.is_local()) return {};
  return wrong(socket_called(kStatus) + " is " + at.text() + "; it must be 127.0.0.1, ::1 or a " +
               "Unix socket, since nobody is asked who he is there");
}

Result<void> check_named(std::string_view key, const std::string& address) {
  if (!address.empty()) return {};
  return wrong(socket_called(key) + " replaces an address that broker.json does not have: add \"" +
               std::string(key) + "\" to it, or take the socket out of its unit");
}

Result<void> place(InheritedSocket given, const BrokerConfig& config, Doors& out) {
  RATLS_TRY(const io::Endpoint at, io::Listener::standing_at(given.socket));
  if (given.name == kStatus) {
    RATLS_CHECK(check_named(kStatus, config.status));
    RATLS_CHECK(check_status(at));
    if (!out.status.empty()) return wrong("two inherited sockets are called \"status\"");
    out.status.push_back(std::move(given.socket));
    return {};
  }
  RATLS_CHECK(check_guests(given.name, at));
  if (given.name == kFramed) {
    RATLS_CHECK(check_named(kFramed, config.framed));
    out.framed.push_back(std::move(given.socket));
    return {};
  }
  if (given.name != kListen) {
    return wrong(socket_called(given.name) + " is for no address of broker.json: write " +
                 "FileDescriptorName=listen, framed or status into its unit");
  }
  out.listen.push_back(std::move(given.socket));
  return {};
}

bool is_key(std::string_view name) {
  return name == kListen || name == kFramed || name == kStatus;
}

}  // namespace

std::string Doors::taken() const {
  std::string out;
  const auto add = [&](std::string_view key, const std::vector<Descriptor>& sockets) {
    if (sockets.empty()) return;
    if (!out.empty()) out += ", ";
    out += key;
  };
  add(kListen, listen);
  add(kFramed, framed);
  add(kStatus, status);
  return out;
}

Result<Doors> doors_of(std::vector<InheritedSocket> given, const BrokerConfig& config) {
  Doors out;
  if (given.size() == 1 && !is_key(given.front().name)) given.front().name = kListen;
  for (InheritedSocket& each : given) RATLS_CHECK(place(std::move(each), config, out));
  return out;
}

Result<Listeners> listeners_at(io::Loop& loop, const std::string& address,
                               std::vector<Descriptor> sockets,
                               const io::Listener::Accepted& accepted) {
  Listeners out;
  for (Descriptor& socket : sockets) {
    RATLS_TRY(auto adopted, io::Listener::adopt(loop, std::move(socket), accepted));
    out.push_back(std::move(adopted));
  }
  if (!out.empty() || address.empty()) return out;
  RATLS_TRY(const auto at, io::Endpoint::parse(address));
  RATLS_TRY(auto bound, io::Listener::bind(loop, at, accepted));
  out.push_back(std::move(bound));
  return out;
}

std::string where_of(const Listeners& listeners) {
  std::string out;
  for (const auto& each : listeners) out += (out.empty() ? "" : ", ") + each->where();
  return out;
}

}  // namespace ratls::broker
