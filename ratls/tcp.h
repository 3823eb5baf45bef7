/// TCP with deadlines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>
#include <ratls/transport.h>

namespace ratls {

/// "host:port", "[::1]:port" or ":port". Says where to connect, never who is there.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  /// Errors: invalid_config.
  static Result<Address> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// Of whom a limit of one peer is: an IPv4 address, mapped into IPv6 or not; an IPv6 network of 64
/// bits, since whoever has one of its addresses has all of them; else the name itself.
using PeerId = FixedBytes<16, struct PeerIdTag>;
/// `from`: as TcpListener::take() names a peer. Takes no memory.
PeerId peer_id(std::string_view from) noexcept;

/// A file descriptor that is closed with its owner. -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// The caller owns it from now on.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// One TCP connection, non-blocking underneath, Nagle off.
class TcpStream final : public Transport {
 public:
  /// Tries every address that `address` resolves to. Errors: connection_failed.
  static Result<std::unique_ptr<Transport>> connect(const Address& address, Deadline deadline);
  /// Takes over a connected stream socket. Errors: io_error.
  static Result<std::unique_ptr<Transport>> adopt(Descriptor socket);

  Result<std::size_t> read(std::span<std::uint8_t> out, Deadline deadline) override;
  Result<void> write(ByteView bytes, Deadline deadline) override;
  void end_writing() noexcept override;

 private:
  explicit TcpStream(Descriptor socket) noexcept : socket_(std::move(socket)) {}

  Descriptor socket_;
};

/// Errors: not_a_listener, where it is no listening stream socket, TCP or Unix.
Result<void> check_listener(int socket);

/// A listening socket.
class TcpListener {
 public:
  /// Port 0 lets the system choose. Errors: connection_failed.
  static Result<TcpListener> bind(const Address& address);
  /// Takes over a socket that listens already, e.g. one of inherited_sockets(). A Unix socket does
  /// as well: it listens at "unix:PATH", and its peers are called "unix-uid-UID:PID", so that a
  /// server's limit of one peer is that of one user. Errors: not_a_listener, io_error.
  static Result<TcpListener> adopt(Descriptor socket);

  /// The next connection. Errors: handshake_timeout where none came in time, io_error.
  Result<std::unique_ptr<Transport>> accept(Deadline deadline);
  struct Incoming {
    Descriptor socket;  ///< non-blocking
    std::string from;   ///< "host:port" of the peer; "unix-uid-UID:PID"
  };
  /// The same without waiting; nothing where nobody is there, or the connection is gone already.
  std::optional<Incoming> take();
  /// To wait for, by poll(2) and the like.
  [[nodiscard]] int native() const noexcept { return socket_.get(); }
  /// Where it listens.
  [[nodiscard]] const Address& address() const noexcept { return address_; }

 private:
  TcpListener(Descriptor socket, Address address) noexcept
      : socket_(std::move(socket)), address_(std::move(address)) {}

  Descriptor socket_;
  Address address_;
};

}  // namespace ratls
