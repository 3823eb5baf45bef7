/// Many tunnels behind one listening socket.
#pragma once

#include <list>
#include <map>

#include <ratls/services/tunnel/tunnel.h>

namespace ratls::tunnel {

struct Limits {
  std::size_t connections = 1024;  ///< at once; more are closed on arrival
  /// Of one address or IPv6 network of 64 bits, at once; Unix sockets count as one.
  std::size_t per_peer = 64;
  std::chrono::milliseconds drain{10000};  ///< how long tunnels may go on after stop()
  /// After stop(), how long a tunnel that owes no answer may be silent; see Tunnel::drain().
  std::chrono::milliseconds silence{1000};
};

/// Threads: the loop's.
class Service {
 public:
  struct Log {
    std::function<void(const Tunnel&)> opened;
    std::function<void(const Tunnel&, const std::optional<Error>&)> over;
    std::function<void(const std::string& from, std::string_view why)> turned_away;
  };

  /// `loop` is borrowed and must outlive the service.
  Service(io::Loop& loop, std::shared_ptr<const Plan> plan, Limits limits, Log log);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  /// Errors: those of Listener::bind() and adopt().
  Result<void> listen(const io::Endpoint& at);
  Result<void> adopt(Descriptor socket);
  /// One tunnel over a stream that is there already; the loop stops when it is over.
  void serve_one(std::unique_ptr<io::Stream> stream);
  /// Tunnels that begin from now on follow this plan; those that have begun end as they began.
  void replace_plan(std::shared_ptr<const Plan> plan);
  /// Where it listens.
  [[nodiscard]] std::string where() const;
  /// Takes no more, ends what is silent, lets what runs end within `limits.drain`, then stops the
  /// loop. A second call stops it at once.
  void stop();
  /// Why the last tunnel ended, where by an error.
  [[nodiscard]] const std::optional<Error>& last_error() const noexcept { return last_error_; }

 private:
  void take(std::unique_ptr<io::Stream> stream, std::string from);
  void begin(std::unique_ptr<io::Stream> stream, std::string from);
  void ended(Tunnel& tunnel, std::optional<Error> error);

  io::Loop& loop_;
  std::shared_ptr<const Plan> plan_;
  Limits limits_;
  Log log_;
  std::unique_ptr<io::Listener> listener_;
  std::list<std::unique_ptr<Tunnel>> tunnels_;
  std::list<std::unique_ptr<Tunnel>> gone_;  ///< ended inside a call of theirs
  std::map<PeerId, std::size_t> peers_;
  io::Timer sweep_;
  io::Timer drain_;
  bool stopping_ = false;
  std::optional<Error> last_error_;
};

}  // namespace ratls::tunnel
