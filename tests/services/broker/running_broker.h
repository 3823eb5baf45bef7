/// A broker on loopback, in a thread, for a simulated guest called "agent".
#pragma once

#include <future>
#include <mutex>
#include <string>
#include <thread>

#include <ratls/services/broker/server.h>
#include <ratls/tcp.h>

#include "../../ratls/attested_world.h"

namespace ratls::test {

inline constexpr const char* kBrokerSecret = "kbs:///agents/llm/key";

class RunningBroker {
 public:
  /// `rule` is the JSON of the secret's rule; the value is "the value". `limits` is the JSON of the
  /// member limits.
  RunningBroker(AttestedWorld& world, const std::string& rule, const std::string& limits = "{}");
  RunningBroker(const RunningBroker&) = delete;
  RunningBroker& operator=(const RunningBroker&) = delete;
  ~RunningBroker();

  [[nodiscard]] AcceptKey key() const { return key_; }
  [[nodiscard]] Address plain() const;
  [[nodiscard]] Address framed() const;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string audit() const { return folder_.file("audit.log"); }
  void stop();  ///< as SIGTERM does

 private:
  void run(std::promise<void>& ready);

  TemporaryFolder folder_;
  mutable std::mutex mutex_;
  std::string log_;
  AcceptKey key_{};
  broker::Server::Where where_;
  std::shared_ptr<io::Inbox> inbox_;
  broker::Server* server_ = nullptr;
  std::thread thread_;
};

}  // namespace ratls::test
