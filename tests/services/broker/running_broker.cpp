#include "running_broker.h"

#include <cstdio>
#include <cstdlib>

#include <ratls/services/broker/store.h>
#include <ratls/services/broker/store_key.h>
#include <ratls/verify/policy_json.h>

namespace ratls::test {

namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    std::abort();
  }
  return std::move(result).value();
}

}  // namespace

RunningBroker::RunningBroker(AttestedWorld& world, const std::string& rule,
                             const std::string& limits) {
  const std::string key = folder_.file("store.key");
  if (!broker::create_store_key(key)) std::abort();
  auto store = must(broker::SecretStore::open(folder_.file("secrets.db"),
                                              must(broker::read_store_key(key)), true));
  const auto value = must(SecretBytes::copy_of(as_bytes("the value")));
  must(store.put({"agents", "llm", "key"}, value, Timestamp{1'790'000'000}));
  const std::string policy = policy_text(world.policy());
  write_file(folder_.file("policy.json"), as_bytes(policy));
  const std::string config =
      R"({"listen":"127.0.0.1:0","framed":"127.0.0.1:0","identity":"broker.pem",)"
      R"("policy":{"file":"policy.json"},"secrets":{"store":"secrets.db","key":"store.key"},)"
      R"("audit":"audit.log","release":{")" +
      std::string(kBrokerSecret) + "\":" + rule + "},\"limits\":" + limits + "}";
  write_file(folder_.file("broker.json"), as_bytes(config));
  std::promise<void> ready;
  thread_ = std::thread([&] { run(ready); });
  ready.get_future().wait();
}

void RunningBroker::run(std::promise<void>& ready) {
  const SystemClock clock;
  const broker::Journal journal(broker::Journal::Form::json, clock,
                                [this](const std::string& line) {
                                  const std::lock_guard lock(mutex_);
                                  log_ += line;
                                });
  io::Loop loop;
  auto server = must(broker::Server::open(loop, folder_.file("broker.json"), clock, journal));
  server_ = server.get();
  key_ = must(parse_pin(server->pin()));
  where_ = server->where();
  inbox_ = loop.inbox();
  ready.set_value();
  loop.run();
}

void RunningBroker::stop() {
  inbox_->post([this] { server_->stop(); });
  if (thread_.joinable()) thread_.join();
}

RunningBroker::~RunningBroker() {
  if (thread_.joinable()) stop();
}

Address RunningBroker::plain() const {
  return must(Address::parse(where_.plain));
}

Address RunningBroker::framed() const {
  return must(Address::parse(where_.framed));
}

std::string RunningBroker::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

}  // namespace ratls::test
