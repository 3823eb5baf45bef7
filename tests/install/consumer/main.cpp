// A program outside the tree: public headers, the installed library, nothing else. It runs a whole
// TLS 1.3 handshake in memory, between two sides that pin each other's key.
#include <ratls/ratls.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#ifdef WITH_OTHER
extern "C" int other_library_works(void);
#endif

namespace {

using Identity = std::shared_ptr<const ratls::CertificateIdentity>;

// Ends the program with the reason where something is not as it should be.
template <class T>
T require(ratls::Result<T> result) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "consumer: %s\n", result.error().message().c_str());
  std::exit(1);
}

bool pump(ratls::Session& from, ratls::Session& to) {
  const std::size_t count = to.feed(from.output());
  from.sent(count);
  return count != 0;
}

std::string handshake_and_greet(const Identity& identity) {
  const ratls::AcceptKey pin = require(ratls::parse_pin(identity->pin()));
  auto client = require(ratls::Session::client(ratls::ClientConfig(identity, pin)));
  auto server = require(ratls::Session::server(ratls::ServerConfig(identity, pin)));
  for (bool moved = true; moved;) {
    client.advance();
    moved = pump(client, server);
    server.advance();
    moved = pump(server, client) || moved;
  }
  const std::string greeting = "hello over " + server.cipher_suite();
  if (auto sent = server.write(ratls::as_bytes(greeting)); !sent) return sent.error().message();
  pump(server, client);
  std::array<std::uint8_t, 256> buffer{};
  const auto got = require(client.read(buffer));
  return ratls::to_string(ratls::ByteView(buffer).first(got.size));
}

}  // namespace

int main() {
  const char* folder = std::getenv("TMPDIR");
  const std::string file = std::string(folder != nullptr ? folder : "/tmp") + "/ratls-consumer-" +
                           ratls::to_hex(ratls::as_bytes(__TIME__)) + ".pem";
  std::remove(file.c_str());
  auto created = require(ratls::CertificateIdentity::create(file));
  std::remove(file.c_str());
  const auto identity = std::make_shared<const ratls::CertificateIdentity>(std::move(created));
  const std::string greeting = handshake_and_greet(identity);
  if (greeting.find("hello over TLS1-3") == std::string::npos) {
    std::fprintf(stderr, "consumer: %s\n", greeting.c_str());
    return 1;
  }
#ifdef WITH_OTHER
  if (other_library_works() == 0) return 2;
#endif
  std::puts("consumer: ok");
  return 0;
}
