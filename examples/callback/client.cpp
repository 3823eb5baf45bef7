// A channel over a network stack that offers two functions, as lwIP, a modem or a hypervisor's
// mailbox does. transport.h is all there is to it; ratls asks nothing else of a stream.
//
//   callback_client --connect 127.0.0.1:4433 --pin sha256//... --report-source sim:DIR --line TEXT

#include <array>
#include <cstdio>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <ratls/certgen/sim/guest.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/steps.h>
#include <ratls/ratls.h>

#include "transport.h"

namespace {

using namespace ratls;
using examples::CallbackTransport;
using examples::Stack;

// Here a socket stands for the stack.
bool ready(int fd, short events, int milliseconds) {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, milliseconds) > 0;
}
int send_some(void* context, const unsigned char* bytes, int size, int milliseconds) {
  const int fd = *static_cast<int*>(context);
  if (!ready(fd, POLLOUT, milliseconds)) return Stack::kLate;
  const auto sent = ::send(fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  return sent < 0 ? Stack::kBroken : static_cast<int>(sent);
}
int receive_some(void* context, unsigned char* out, int size, int milliseconds) {
  const int fd = *static_cast<int*>(context);
  if (!ready(fd, POLLIN, milliseconds)) return Stack::kLate;
  const auto got = ::recv(fd, out, static_cast<std::size_t>(size), 0);
  return got < 0 ? Stack::kBroken : static_cast<int>(got);
}
void end_sending(void* context) {
  ::shutdown(*static_cast<int*>(context), SHUT_WR);
}
int dial(const Address& to) {
  addrinfo* found = nullptr;
  if (::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), nullptr, &found) != 0) {
    return -1;
  }
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  ::freeaddrinfo(found);
  return connected ? fd : -1;
}

Result<std::string> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string where, arguments.need("connect"));
  RATLS_TRY(const Address address, Address::parse(where));
  RATLS_TRY(const std::string text, arguments.need("pin"));
  RATLS_TRY(const AcceptKey broker, parse_pin(text));
  RATLS_TRY(const std::string source, arguments.need("report-source"));
  RATLS_TRY(const auto firmware, sim::open_guest(source, {}));
  auto attester = std::make_shared<Attester>(*firmware);
  RATLS_CHECK(attester->start());
  const ClientConfig config(AttestedIdentity(attester), broker);

  const Descriptor socket(dial(address));
  if (socket.get() < 0) return Error(Reason::connection_failed, where);
  int fd = socket.get();
  const Stack stack{&fd, send_some, receive_some, end_sending};
  auto opened = connect_over(std::make_unique<CallbackTransport>(stack), config);
  RATLS_TRY(Channel channel, std::move(opened.channel));
  RATLS_CHECK(channel.write(as_bytes(arguments.value_or("line", "hello"))));
  std::array<std::uint8_t, 1024> answer{};
  RATLS_TRY(const std::size_t size, channel.read(answer));
  RATLS_CHECK(channel.close());
  return to_string(ByteView(answer).first(size));
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"connect", "pin", "report-source", "line"}, {}});
  const auto answer = arguments ? run(*arguments) : Result<std::string>(arguments.error());
  if (answer) return std::puts(answer->c_str()) < 0 ? 1 : examples::kOk;
  examples::complain("callback_client", answer.error().message());
  return arguments ? examples::exit_code(answer.error()) : examples::kUsage;
}
