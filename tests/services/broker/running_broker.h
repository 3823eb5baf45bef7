/// A broker on loopback, in a thread, for a simulated guest called "agent".
#pragma once

#include <condition_variable>
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
  /// member limits. Its policy is the world's, "test", in policy.json; `others` is the text of a
  /// second one, in others.json.
  RunningBroker(AttestedWorld& world, const std::string& rule, const std::string& limits = "{}",
                const std::string& others = {});
  RunningBroker(const RunningBroker&) = delete;
  RunningBroker& operator=(const RunningBroker&) = delete;
  ~RunningBroker();

  [[nodiscard]] AcceptKey key() const { return key_; }
  [[nodiscard]] Address plain() const;
  [[nodiscard]] Address framed() const;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string audit() const { return folder_.file("audit.log"); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  /// The answer to GET `target` on the status listener.
  [[nodiscard]] std::string page(const std::string& target) const;
  /// Waits until the log has this so often, for at most 20 s.
  [[nodiscard]] bool logged(const std::string& text, std::size_t times = 1) const;
  void reload();  ///< as SIGHUP does
  void stop();    ///< as SIGTERM does

 private:
  void run();

  TemporaryFolder folder_;
  mutable std::mutex mutex_;
  std::string log_;
  std::condition_variable opened_;  ///< what follows is made by the thread, once
  AcceptKey key_{};
  broker::Server::Where where_;
  std::shared_ptr<io::Inbox> inbox_;
  broker::Server* server_ = nullptr;
  std::thread thread_;
};

}  // namespace ratls::test
