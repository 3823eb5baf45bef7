/// Which address of broker.json each socket stands for that a service manager opened.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ratls/activation.h>
#include <ratls/core/result.h>
#include <ratls/services/broker/config.h>
#include <ratls/services/io/stream.h>

namespace ratls::broker {

/// Sockets that take the place of an address; where there is none, the address holds.
struct Doors {
  std::vector<Descriptor> listen;
  std::vector<Descriptor> framed;
  std::vector<Descriptor> status;  ///< at most one

  /// What was handed over, by the names in broker.json, with commas between; may be empty.
  [[nodiscard]] std::string taken() const;
};

/// A socket is called after the key of broker.json that it replaces: `listen`, `framed` or
/// `status`. One that comes alone and is called otherwise (systemd calls it after its unit) is for
/// `listen`. The configuration says which doors there are: a socket opens none that it does not
/// name. Errors: invalid_config, which says what to change: another name, a key that broker.json
/// does not have, a Unix socket where guests come, a status page that others could reach; io_error.
Result<Doors> doors_of(std::vector<InheritedSocket> given, const BrokerConfig& config);

using Listeners = std::vector<std::unique_ptr<io::Listener>>;

/// Listens on `sockets`, or at `address` where there are none; nothing where that is empty, too.
/// Errors: those of Listener.
Result<Listeners> listeners_at(io::Loop& loop, const std::string& address,
                               std::vector<Descriptor> sockets,
                               const io::Listener::Accepted& accepted);

/// Where they stand, with commas between.
std::string where_of(const Listeners& listeners);

}  // namespace ratls::broker
