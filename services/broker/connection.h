/// One guest's connection: attested first, then HTTP/1.1 requests one after another.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ratls/core/http_head.h>
#include <ratls/services/broker/http_answer.h>
#include <ratls/services/broker/journal.h>
#include <ratls/services/broker/ledger.h>
#include <ratls/services/broker/metrics.h>
#include <ratls/services/io/attested.h>

namespace ratls::broker {

class Connection;

/// What connections share. Threads: the loop's.
class Desk {
 public:
  virtual ~Desk() = default;
  virtual void ask(std::unique_ptr<Release> release, std::function<void(Release&)> done) = 0;
  [[nodiscard]] virtual std::shared_ptr<const ReleaseRules> rules() const = 0;
  /// As this guest may know it.
  [[nodiscard]] virtual Answer status_for(const Guest& guest) const = 0;
  /// Seconds to wait where this guest asks too often.
  virtual std::optional<std::uint64_t> too_often(const std::string& report_id) = 0;
  /// SHA-256 of the broker's certificate, as OpenTelemetry writes it: upper-case hex.
  [[nodiscard]] virtual const std::string& certificate_hash() const = 0;
  /// Its guest was accepted.
  virtual void opened(const Connection& connection) = 0;
  virtual Metrics& metrics() = 0;
  [[nodiscard]] virtual const Journal& journal() const = 0;

 protected:
  Desk() = default;
  Desk(const Desk&) = default;
  Desk& operator=(const Desk&) = default;
};

/// Threads: the loop's.
class Connection {
 public:
  /// `over` is called once, when nothing is left to do; it may destroy the connection later, but
  /// not during the call.
  Connection(io::Loop& loop, Desk& desk, std::uint64_t number, std::string from,
             std::function<void(Connection&)> over);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void start(std::unique_ptr<io::Stream> wire, Session session, const Timeouts& timeouts);
  /// Ends it as soon as no answer is under way: the policy changed.
  void wind_up();
  /// The broker stops. The same, but a request that has begun to come is answered, and a guest that
  /// has not asked yet, or is still being judged, has a second to ask once.
  void drain();

  /// Has the guest been accepted?
  [[nodiscard]] bool open() const noexcept { return guest_.has_value(); }
  [[nodiscard]] const std::string& from() const noexcept { return from_; }

 private:
  void opened();
  void failed(const Error& error);
  void take(ByteView bytes);
  void answer_request(const http::RequestHead& request);
  void release(const http::RequestHead& request);
  void released(Release& release);
  void refuse(int status, Reason reason, bool last);
  void send(const Answer& answer, bool last);
  void sent(bool last);
  void end();
  void await_last_word();
  void finish_after_end();
  void finish();
  [[nodiscard]] Journal::Fields about() const;

  io::Loop& loop_;
  Desk& desk_;
  std::uint64_t number_;
  std::string from_;
  std::function<void(Connection&)> over_;
  std::chrono::steady_clock::time_point since_;
  std::shared_ptr<Connection*> self_;  ///< what answers find that come later, or null
  std::unique_ptr<io::AttestedStream> stream_;
  io::Timer limit_;
  std::optional<Guest> guest_;
  std::size_t as_ = 0;  ///< of guest_->accepted: whom the last rule named
  http::HeadReader reader_;
  bool busy_ = false;   ///< a request waits for its answer
  bool asked_ = false;  ///< anything, yet
  bool winding_up_ = false;
  bool ending_ = false;
  bool finished_ = false;
};

}  // namespace ratls::broker
