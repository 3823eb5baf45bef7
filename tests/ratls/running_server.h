/// A Server in a thread, what it refused, and clients for it.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <ratls/server.h>

#include "attested_world.h"
#include "one_server.h"

namespace ratls::test {

/// One for the whole program.
inline const AttestedWorld& world() {
  static const AttestedWorld world;
  return world;
}

inline void echo(Channel channel, const std::string&) {
  std::array<std::uint8_t, 4096> buffer{};
  while (true) {
    const auto got = channel.read(buffer);
    if (!got || *got == 0) break;
    if (!channel.write(ByteView(buffer).first(*got))) return;
  }
  static_cast<void>(channel.close());
}

/// A server that runs in a thread, and what it said of those it refused.
class Running {
 public:
  explicit Running(ServerConfig config, Server::Handler handler = echo, ServerLimits limits = {})
      : Running(TcpListener::bind({"127.0.0.1", 0}).value(), std::move(config), std::move(handler),
                limits) {}
  Running(TcpListener listener, ServerConfig config, Server::Handler handler = echo,
          ServerLimits limits = {})
      : server_(std::move(listener), std::move(config), std::move(handler), limits) {
    server_.on_refusal([this](const std::string&, const Error& why, const Verdict* verdict) {
      const std::lock_guard lock(mutex_);
      refused_.push_back(why.reason());
      judged_ += verdict != nullptr ? 1 : 0;
    });
    thread_ = std::thread([this] { ended_ = server_.run().has_value(); });
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { join(); }
  void join() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Server& server() { return server_; }
  [[nodiscard]] const Address& address() const { return server_.address(); }
  std::vector<Reason> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }
  std::vector<Reason> wait_for_refusals(std::size_t count) {
    for (int i = 0; i < 1000 && refused().size() < count; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return refused();
  }
  [[nodiscard]] bool ended_well() const { return ended_; }
  [[nodiscard]] int judged() const { return judged_; }

 private:
  Server server_;
  std::mutex mutex_;
  std::vector<Reason> refused_;
  std::atomic<int> judged_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

inline std::string ask(const Address& address, const std::string& text) {
  auto opened = connect(address, world().guest_config());
  if (!opened.channel) return std::string(code(opened.channel.error().reason()));
  Channel channel = std::move(opened.channel).value();
  if (!channel.write(as_bytes(text)) || !channel.close()) return "not sent";
  const auto got = read_to_end(channel);
  return got ? *got : std::string(code(got.error().reason()));
}

inline std::unique_ptr<Transport> plain(const Address& address) {
  return TcpStream::connect(address, after(std::chrono::seconds(5))).value();
}

}  // namespace ratls::test
