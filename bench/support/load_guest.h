/// A guest of a running broker, as bench/broker_load.cpp sends them by the thousand.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ratls/config.h>
#include <ratls/core/http_head.h>
#include <ratls/services/io/attested.h>

namespace ratls::bench {

struct Tally {
  std::vector<double> milliseconds;
  std::map<std::string, std::size_t> failures;
};

/// One guest, from its first packet to its secret.
class BrokerGuest {
 public:
  using Over = std::function<void(BrokerGuest&)>;
  /// `over` is called once, with the secret or a failure; `keeps`: with the secret the connection
  /// stays open for as long as the guest lives.
  BrokerGuest(io::Loop& loop, const io::Endpoint& at, const ClientConfig& config,
              std::string request, Tally& tally, bool keeps, Over over)
      : loop_(loop),
        config_(config),
        request_(std::move(request)),
        tally_(tally),
        keeps_(keeps),
        over_(std::move(over)),
        start_(Clock::now()) {
    connector_.emplace(loop, at, std::chrono::seconds(20), [this](auto stream) {
      if (!stream) return fail(stream.error());
      attest(std::move(stream).value());
    });
  }

 private:
  using Clock = std::chrono::steady_clock;

  void attest(std::unique_ptr<io::Stream> wire) {
    auto session = Session::client(config_);
    if (!session) return fail(session.error());
    stream_ = std::make_unique<io::AttestedStream>(loop_, std::move(wire),
                                                   std::move(session).value(), config_.timeouts);
    io::AttestedStream::Events events;
    events.opened = [this] { stream_->write(as_bytes(request_)); };
    events.bytes = [this](ByteView bytes) { take(bytes); };
    events.end = [this] { fail(Error(Reason::connection_closed)); };
    events.failed = [this](const Error& error) { fail(error); };
    stream_->start(std::move(events));
  }

  void take(ByteView bytes) {
    if (!head_.complete()) {
      const auto used = head_.feed(bytes);
      if (!used) return fail(used.error());
      bytes = bytes.subspan(*used);
      if (!head_.complete()) return;
      const auto head = http::parse_response(head_.text());
      if (!head) return fail(head.error());
      if (head->status != 200) return finish("HTTP " + std::to_string(head->status));
      left_ = head->framing.content_length.value_or(0);
    }
    left_ -= std::min<std::uint64_t>(left_, bytes.size());
    if (left_ == 0) finish({});
  }

  void fail(const Error& error) {
    if (keeps_ && served_)
      ++tally_.failures["kept connection: " + std::string(code(error.reason()))];
    finish(std::string(code(error.reason())));
  }
  void finish(const std::string& failure) {
    if (std::exchange(done_, true)) return;
    const std::chrono::duration<double, std::milli> took = Clock::now() - start_;
    if (failure.empty()) tally_.milliseconds.push_back(took.count());
    if (!failure.empty()) ++tally_.failures[failure];
    served_ = failure.empty();
    if (stream_ && served_ && !keeps_) stream_->end();
    over_(*this);
  }

  io::Loop& loop_;
  const ClientConfig& config_;
  std::string request_;
  Tally& tally_;
  bool keeps_;
  Over over_;
  Clock::time_point start_;
  std::optional<io::Connector> connector_;
  std::unique_ptr<io::AttestedStream> stream_;
  http::HeadReader head_;
  std::uint64_t left_ = 0;
  bool done_ = false;
  bool served_ = false;
};

}  // namespace ratls::bench
