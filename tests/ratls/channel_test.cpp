// Channels over real TCP, one thread a side.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "attested_world.h"
#include "one_server.h"

using namespace ratls;
using namespace std::chrono_literals;
using ratls::test::AttestedWorld;
using ratls::test::hold;
using ratls::test::OneServer;
using ratls::test::read_to_end;
using ratls::test::WorldOptions;

namespace {

WorldOptions debug_guest() {
  WorldOptions options;
  options.guest = [](sim::ProcessorOptions& guest) {
    guest.report.launch.policy |= sim::kPolicyDebug;
  };
  return options;
}

}  // namespace

TEST_CASE("a request and its answer cross an attested channel over TCP") {
  AttestedWorld world;
  std::string request;
  OneServer server([&](std::unique_ptr<Transport> stream) {
    auto result = accept_over(std::move(stream), world.broker_config());
    if (!result.channel) return;
    std::array<std::uint8_t, 64> buffer{};
    const auto got = result.channel->read(buffer);
    if (got) request = to_string(ByteView(buffer).first(*got));
    if (!result.channel->write(as_bytes("LLM_API_KEY"))) return;
    static_cast<void>(result.channel->close());
  });
  auto result = connect(server.address(), world.guest_config());
  REQUIRE(result.channel);
  REQUIRE(result.channel->write(as_bytes("GET key")));
  CHECK(read_to_end(*result.channel).value() == "LLM_API_KEY");
  CHECK(result.channel->accepted());
}

TEST_CASE("a megabyte arrives whole in both directions") {
  AttestedWorld world;
  const std::string megabyte(1 << 20, 'm');
  OneServer server([&](std::unique_ptr<Transport> stream) {
    auto result = accept_over(std::move(stream), world.broker_config());
    if (!result.channel) return;
    const auto request = read_to_end(*result.channel);
    hold(request.has_value());
    hold(result.channel->write(as_bytes(request ? *request : std::string())));
    hold(result.channel->close());
  });
  auto result = connect(server.address(), world.guest_config());
  REQUIRE(result.channel);
  REQUIRE(result.channel->write(as_bytes(megabyte)));
  REQUIRE(result.channel->close());
  CHECK_FALSE(result.channel->write(as_bytes("more")));
  CHECK(read_to_end(*result.channel).value() == megabyte);
}

TEST_CASE("a refused guest that is still writing reads the reason in 100 of 100 runs") {
  AttestedWorld world(debug_guest());
  int readable = 0;
  for (int i = 0; i < 100; ++i) {
    std::optional<Verdict> verdict;
    OneServer server([&](std::unique_ptr<Transport> stream) {
      auto result = accept_over(std::move(stream), world.broker_config());
      hold(!(result.channel));
      verdict = result.verdict;
    });
    auto result = connect(server.address(), world.guest_config());
    if (!result.channel) continue;
    const Bytes body(30000, 0x77);
    Result<void> written = result.channel->write(body);
    Error last = written ? Error(Reason::internal) : written.error();
    if (written) {
      std::array<std::uint8_t, 64> buffer{};
      const auto got = result.channel->read(buffer);
      if (!got) last = got.error();
    }
    const bool told = last.reason() == Reason::peer_refused &&
                      last.detail().find("debug_allowed") != std::string::npos;
    readable += told ? 1 : 0;
  }
  CHECK(readable == 100);
}

TEST_CASE("a server that ends after the handshake without a VERDICT has accepted nothing") {
  AttestedWorld world;
  OneServer server([&](std::unique_ptr<Transport> stream) {
    // A broker that judges by key only sends no VERDICT; the attested guest must not be content.
    ServerConfig config(world.broker(), AcceptKey{Sha256Digest()});
    static_cast<void>(accept_over(std::move(stream), config));
  });
  auto result = connect(server.address(), world.guest_config());
  REQUIRE(result.channel);
  const auto accepted = result.channel->accepted();
  REQUIRE_FALSE(accepted);
  CHECK((accepted.error().reason() == Reason::peer_refused ||
         accepted.error().reason() == Reason::verdict_missing));
}

TEST_CASE("a silent server ends in a timeout") {
  AttestedWorld world;
  OneServer server([](std::unique_ptr<Transport> stream) {
    std::array<std::uint8_t, 4096> buffer{};
    while (true) {
      const auto got = stream->read(buffer, after(5s));
      if (!got || *got == 0) return;
    }
  });
  ClientConfig config = world.guest_config();
  config.timeouts.handshake = 100ms;
  const auto start = std::chrono::steady_clock::now();
  const auto result = connect(server.address(), config);
  REQUIRE_FALSE(result.channel);
  CHECK(result.channel.error().kind() == Errc::timeout);
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("a client that connects and says nothing ends in the server's timeout") {
  AttestedWorld world;
  std::optional<Reason> reason;
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      ServerConfig config = world.broker_config();
      config.timeouts.handshake = 100ms;
      const auto result = accept_over(std::move(stream), config);
      if (!result.channel) reason = result.channel.error().reason();
    });
    auto quiet = TcpStream::connect(server.address(), after(5s)).value();
    std::array<std::uint8_t, 16> buffer{};
    static_cast<void>(quiet->read(buffer, after(5s)));
  }
  CHECK(reason == Reason::handshake_timeout);
}

TEST_CASE("garbage instead of TLS is refused on either side") {
  AttestedWorld world;
  std::optional<Reason> reason;
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      const auto result = accept_over(std::move(stream), world.broker_config());
      if (!result.channel) reason = result.channel.error().reason();
    });
    auto http = TcpStream::connect(server.address(), after(5s)).value();
    REQUIRE(http->write(as_bytes("GET / HTTP/1.1\r\n\r\n"), after(5s)));
    http->end_writing();
  }
  CHECK(reason == Reason::tls_failed);
  OneServer server([&](std::unique_ptr<Transport> stream) {
    static_cast<void>(stream->write(as_bytes("SSH-2.0-OpenSSH_9.2\r\n"), after(5s)));
  });
  const auto result = connect(server.address(), world.guest_config());
  REQUIRE_FALSE(result.channel);
  CHECK(result.channel.error().reason() == Reason::tls_failed);
}

TEST_CASE("a connection that is cut off in the handshake says closed, not success") {
  AttestedWorld world;
  OneServer server([](std::unique_ptr<Transport> stream) {
    std::array<std::uint8_t, 64> buffer{};
    static_cast<void>(stream->read(buffer, after(5s)));
  });
  const auto result = connect(server.address(), world.guest_config());
  REQUIRE_FALSE(result.channel);
  CHECK((result.channel.error().kind() == Errc::closed));
}

TEST_CASE("the stock OpenSSL client without a certificate is told so by a readable alert") {
  AttestedWorld world;
  test::CommandResult output;
  if (test::run_command("openssl version").status != 0) SKIP("no openssl on this machine");
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      const auto result = accept_over(std::move(stream), world.broker_config());
      hold(!(result.channel));
    });
    output = test::run_command("printf hello | timeout 10 openssl s_client -connect " +
                               server.address().text() + " -tls1_3 -ign_eof 2>&1");
  }
  CHECK(output.output.find("alert") != std::string::npos);
  CHECK(output.output.find("certificate required") != std::string::npos);
  CHECK(output.output.find("New Session Ticket") == std::string::npos);
}

TEST_CASE("a TLS 1.2 client gets no further than its first message") {
  AttestedWorld world;
  if (test::run_command("openssl version").status != 0) SKIP("no openssl on this machine");
  test::CommandResult output;
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      const auto result = accept_over(std::move(stream), world.broker_config());
      hold(!(result.channel));
      hold(result.channel.error().reason() == Reason::no_tls13);
    });
    output = test::run_command("printf hello | timeout 10 openssl s_client -connect " +
                               server.address().text() + " -tls1_2 2>&1");
  }
  CHECK(output.status != 0);
  CHECK(output.output.find("protocol version") != std::string::npos);
}

TEST_CASE("KeyUpdate, which mbedTLS lacks, ends a channel with an alert and not in silence") {
  AttestedWorld world;
  if (test::run_command("openssl version").status != 0) SKIP("no openssl on this machine");
  test::TemporaryFolder folder;
  const std::string pem = folder.file("client.pem");
  const auto client = CertificateIdentity::create(pem).value();
  test::CommandResult output;
  {
    OneServer server([&](std::unique_ptr<Transport> stream) {
      ServerConfig config(world.broker(), AcceptKey{client.spki_sha256()});
      auto result = accept_over(std::move(stream), config);
      hold(result.channel);
      const auto read = read_to_end(*result.channel);
      hold(!(read));
      hold(read.error().reason() == Reason::tls_failed);
      hold(read.error().detail().find("KeyUpdate") != std::string::npos);
    });
    output =
        test::run_command("(sleep 0.3; echo K; sleep 1) | timeout 10 openssl s_client -tls1_3" +
                          std::string(" -connect ") + server.address().text() + " -cert " + pem +
                          " -key " + pem + " 2>&1");
  }
  CHECK(output.output.find("KEYUPDATE") != std::string::npos);
  CHECK(output.output.find("alert number 10") != std::string::npos);
}
