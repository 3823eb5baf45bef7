#include "backend.h"

#include <array>
#include <stdexcept>

namespace ratls::test {

namespace {
constexpr std::chrono::seconds kPatience{10};
}

void must(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message());
}

Backend::Backend(Serve serve)
    : serve_(std::move(serve)),
      listener_(TcpListener::bind(Address::parse("127.0.0.1:0").value()).value()) {
  acceptor_ = std::thread([this] {
    while (!ended_) {
      auto stream = listener_.accept(after(std::chrono::milliseconds(50)));
      if (!stream) continue;
      ++connections_;
      threads_.emplace_back([this, owned = std::move(stream).value()] { serve_(*owned); });
    }
  });
}

Backend::~Backend() {
  ended_ = true;
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

io::Endpoint Backend::where() const {
  return {listener_.address(), {}};
}

void echo(Transport& stream) {
  std::array<std::uint8_t, 16384> chunk{};
  while (true) {
    const auto got = stream.read(chunk, after(kPatience));
    if (!got || *got == 0) break;
    if (!stream.write(ByteView(chunk).first(*got), after(kPatience))) return;
  }
  stream.end_writing();
}

Result<std::string> read_all(Transport& stream, std::chrono::milliseconds limit) {
  std::string out;
  std::array<std::uint8_t, 16384> chunk{};
  while (true) {
    RATLS_TRY(const std::size_t got, stream.read(chunk, after(limit)));
    if (got == 0) return out;
    out += to_string(ByteView(chunk).first(got));
  }
}

RunningService::RunningService(tunnel::Plan plan, tunnel::Limits limits, const std::string& listen)
    : inbox_(loop_.inbox()) {
  tunnel::Service::Log log;
  log.over = [this](const tunnel::Tunnel&, const std::optional<Error>& error) {
    note(error ? std::string(code(error->reason())) : "closed");
  };
  log.turned_away = [this](const std::string&, std::string_view) { note("turned away"); };
  service_ = std::make_unique<tunnel::Service>(
      loop_, std::make_shared<const tunnel::Plan>(std::move(plan)), limits, std::move(log));
  must(service_->listen(io::Endpoint::parse(listen).value()));
  where_ = service_->where();
  thread_ = std::thread([this] { loop_.run(); });
}

RunningService::~RunningService() {
  stop();
  stop();  // the second one does not wait for tunnels
  join();
}

Address RunningService::address() const {
  return Address::parse(where_).value();
}

void RunningService::stop() {
  inbox_->post([this] { service_->stop(); });
}

void RunningService::replace(tunnel::Plan plan) {
  inbox_->post([this, next = std::make_shared<const tunnel::Plan>(std::move(plan))] {
    service_->replace_plan(next);
  });
}

void RunningService::join() {
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> RunningService::ends() const {
  const std::lock_guard lock(mutex_);
  return ends_;
}

bool RunningService::wait_for_ends(std::size_t count) const {
  const auto limit = after(kPatience);
  while (ends().size() < count) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

void RunningService::note(std::string end) {
  const std::lock_guard lock(mutex_);
  ends_.push_back(std::move(end));
}

}  // namespace ratls::test
