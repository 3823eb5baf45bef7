/// Clients with a pool, servers that count, and what was dropped.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <ratls/client.h>

#include "running_server.h"

namespace ratls::test {

/// A server that counts its channels and answers each read by what it read.
class Counting {
 public:
  explicit Counting(const ServerConfig& config, const Server::Handler& handler = echo)
      : running_(
            config,
            [this, handler](Channel channel, const std::string& from) {
              ++channels_;
              handler(std::move(channel), from);
            },
            ServerLimits{24, 100, 100, std::chrono::milliseconds(100)}) {}
  [[nodiscard]] const Address& address() const { return running_.address(); }
  [[nodiscard]] int channels() const { return channels_; }

 private:
  std::atomic<int> channels_{0};
  Running running_;
};

/// A client, and why it dropped what it dropped.
class Watched {
 public:
  explicit Watched(const Address& server, const ClientConfig& config = world().guest_config(),
                   PoolLimits limits = {})
      : client_(server, config, limits) {
    client_.on_drop([this](const Error& why) {
      const std::lock_guard lock(mutex_);
      dropped_.push_back(why.reason());
    });
  }
  Client* operator->() { return &client_; }
  [[nodiscard]] std::vector<Reason> dropped() {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::mutex mutex_;
  std::vector<Reason> dropped_;
  Client client_;
};

inline std::string exchange(Channel& channel, const std::string& text) {
  if (auto sent = channel.write(as_bytes(text)); !sent) return sent.error().message();
  std::string out;
  std::array<std::uint8_t, 256> buffer{};
  while (out.size() < text.size()) {
    const auto got = channel.read(buffer);
    if (!got) return got.error().message();
    if (*got == 0) return "ended";
    out += to_string(ByteView(buffer).first(*got));
  }
  return out;
}

/// One exchange; says whether the channel had been used before.
inline bool use(Watched& client, const std::string& text = "hello") {
  auto leased = client->connect();
  REQUIRE(leased.lease);
  CHECK(exchange(**leased.lease, text) == text);
  const bool reused = leased.lease->reused();
  leased.lease->give_back();
  return reused;
}

/// An attested server, and a client that judges it by a policy that can be replaced.
struct Judged {
  Judged()
      : verifier(std::make_shared<Verifier>(guests.policy(), clock)),
        server(ServerConfig(guests.guest(), AcceptKey{guests.visitor()->spki_sha256()})),
        client(server.address(), ClientConfig(guests.visitor(), AcceptEvidence{verifier})) {}
  [[nodiscard]] Policy strangers_only() {
    return guests.policy(sim::Digest48::parse_hex(std::string(96, '7')).value());
  }

  AttestedWorld guests;
  SystemClock clock;
  std::shared_ptr<Verifier> verifier;
  Counting server;
  Watched client;
};

/// Waits, as long as a loaded machine may take, until `done`.
template <class Done>
void until(const Done& done) {
  for (int i = 0; i < 2000 && !done(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(done());
}

}  // namespace ratls::test
