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
                             const std::string& limits, const std::string& others) {
  const std::string key = folder_.file("store.key");
  if (!broker::create_store_key(key)) std::abort();
  auto store = must(broker::SecretStore::open(folder_.file("secrets.db"),
                                              must(broker::read_store_key(key)), true));
  const auto value = must(SecretBytes::copy_of(as_bytes("the value")));
  must(store.put({"agents", "llm", "key"}, value, Timestamp{1'790'000'000}));
  const std::string policy = policy_text(world.policy());
  write_file(folder_.file("policy.json"), as_bytes(policy));
  if (!others.empty()) write_file(folder_.file("others.json"), as_bytes(others));
  const std::string second = others.empty() ? "" : R"(,{"file":"others.json","state":"state"})";
  const std::string config =
      R"({"listen":"127.0.0.1:0","framed":"127.0.0.1:0","status":"127.0.0.1:0",)"
      R"("identity":"broker.pem","policies":[{"file":"policy.json","state":"state"})" +
      second +
      R"(],"secrets":{"store":"secrets.db","key":"store.key"},)"
      R"("audit":"audit.log","release":{")" +
      std::string(kBrokerSecret) + "\":" + rule + "},\"limits\":" + limits + "}";
  write_file(folder_.file("broker.json"), as_bytes(config));
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  opened_.wait(lock, [this] { return server_ != nullptr; });
}

void RunningBroker::run() {
  const SystemClock clock;
  const broker::Journal journal(broker::Journal::Form::json, clock,
                                [this](const std::string& line) {
                                  const std::lock_guard lock(mutex_);
                                  log_ += line;
                                });
  io::Loop loop;
  auto server = must(broker::Server::open(loop, folder_.file("broker.json"), clock, journal));
  {
    const std::lock_guard lock(mutex_);
    server_ = server.get();
    key_ = must(parse_pin(server->pin()));
    where_ = server->where();
    inbox_ = loop.inbox();
    opened_.notify_all();
  }
  loop.run();
}

std::string RunningBroker::page(const std::string& target) const {
  const auto connection = must(
      TcpStream::connect(must(Address::parse(where_.status)), after(std::chrono::seconds(20))));
  const std::string request = "GET " + target + " HTTP/1.1\r\nhost: b\r\n\r\n";
  if (!connection->write(as_bytes(request), after(std::chrono::seconds(20)))) return {};
  std::string out;
  std::array<std::uint8_t, 4096> chunk{};
  while (true) {
    const auto got = connection->read(chunk, after(std::chrono::seconds(20)));
    if (!got || *got == 0) return out;
    out += to_string(ByteView(chunk).first(*got));
  }
}

bool RunningBroker::logged(const std::string& text, std::size_t times) const {
  for (int i = 0; i < 1000; ++i) {
    const std::string now = log();
    std::size_t found = 0;
    for (std::size_t at = now.find(text); at != std::string::npos; at = now.find(text, at + 1)) {
      ++found;
    }
    if (found >= times) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

void RunningBroker::reload() {
  inbox_->post([this] { server_->reload(); });
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
