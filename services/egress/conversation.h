/// One program's connection to the egress: requests in turn, each to an upstream that was judged.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ratls/core/http_body.h>
#include <ratls/core/http_head.h>
#include <ratls/services/egress/api_error.h>
#include <ratls/services/egress/pool.h>
#include <ratls/services/egress/rewrite.h>

namespace ratls::egress {

/// What is said of a request that is over. Nothing of its content.
struct Said {
  std::string upstream;  ///< by its name in the plan; empty where none was found
  std::string method;
  int status = 0;  ///< of the answer; 0 where none was begun
  bool attested = false;
  bool tunnel = false;  ///< CONNECT
  std::chrono::microseconds first_byte{0};
  std::optional<Error> error;
  std::string blocked;  ///< what a CONNECT that is not allowed asked for
};

/// Bytes pass as they come: no message is gathered. Threads: the loop's.
class Conversation {
 public:
  struct Events {
    std::function<void(const Said&)> said;    ///< once for each request
    std::function<void(Conversation&)> over;  ///< once; it may be destroyed after the loop turns
  };

  /// `plan` is borrowed: the one in force when a request begins decides about it.
  Conversation(io::Loop& loop, const std::shared_ptr<const Plan>& plan, Pool& pool,
               std::unique_ptr<io::Stream> program, Events events);
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  ~Conversation();

  void start();

  /// Another plan is in force. A request that nobody got yet goes by it; one that its upstream has
  /// ends as it began; another protocol, which may never end, is cut, and so is a tunnel that the
  /// plan no longer lists.
  void plan_replaced();
  /// No further request: ends at once where none is under way, else with its answer.
  void wind_up();

 private:
  enum class State : std::uint8_t {
    request_head,  ///< the next request's head is not complete
    linking,       ///< its upstream is being reached and judged
    exchange,      ///< request and answer are on their way
    raw,           ///< CONNECT, or another protocol: bytes both ways
    ended,
  };
  using Clock = std::chrono::steady_clock;

  void from_program(ByteView bytes);
  void program_ended();
  void program_drained();
  void pump();
  bool pump_head();
  bool pump_body();
  Result<void> begin_request();
  Result<void> begin_tunnel(const http::RequestHead& request);
  void choose_upstream();
  void reach(Pool::Taken taken);
  Link::Events link_events();
  void link_opened();
  void send_request();

  void from_link(ByteView bytes);
  Result<ByteView> take_answer(ByteView bytes);
  Result<void> begin_answer();
  Result<void> begin_answer_body(const http::ResponseHead& head);
  void link_ended();
  void link_failed(const Error& error);
  bool retry();
  void finish_exchange();

  void refuse(int status, const Error& error);
  void fail(const Error& error);
  void close_program();
  [[nodiscard]] bool may_close() const;
  void say(std::optional<Error> error);
  void finish();

  io::Loop& loop_;
  const std::shared_ptr<const Plan>& plan_;
  Pool& pool_;
  std::unique_ptr<io::Stream> program_;
  Events events_;
  io::Timer limit_;  ///< for heads
  State state_ = State::request_head;
  Bytes waiting_;  ///< what the program sent and nobody took yet
  bool paused_ = false;
  bool program_ended_ = false;
  bool winding_up_ = false;

  http::HeadReader request_reader_{http::kMaxProxyHead};
  std::optional<http::RequestHead> request_;
  std::optional<http::BodyScanner> request_body_;
  Pool::Taken link_;
  bool retried_ = false;

  http::HeadReader answer_reader_{http::kMaxProxyHead};
  std::optional<http::BodyScanner> answer_body_;
  bool answer_begun_ = false;  ///< its head went to the program
  bool until_end_ = false;     ///< the answer ends with the connection
  bool reusable_ = true;       ///< the upstream's connection, after this answer
  bool keep_alive_ = true;     ///< the program's
  bool overrun_ = false;       ///< the upstream sent more than its answer
  Clock::time_point began_;
  Said said_;
};

}  // namespace ratls::egress
