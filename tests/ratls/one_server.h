/// A listener for one connection, in a thread.
#pragma once

#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <thread>

#include <ratls/channel.h>

namespace ratls::test {

/// Catch2's assertions are for the test's own thread; a server's thread says this.
template <class Condition>
void hold(const Condition& condition, int line = __builtin_LINE()) {
  if (static_cast<bool>(condition)) return;
  std::cerr << "what the server's thread demands in line " << line << " does not hold\n";
  std::abort();
}

/// A listener whose one connection `serve` handles in a thread of its own.
class OneServer {
 public:
  explicit OneServer(std::function<void(std::unique_ptr<Transport>)> serve)
      : listener_(TcpListener::bind({"127.0.0.1", 0}).value()),
        thread_([this, serve = std::move(serve)] {
          auto stream = listener_.accept(after(std::chrono::seconds(10)));
          if (stream) serve(std::move(stream).value());
        }) {}
  OneServer(const OneServer&) = delete;
  OneServer& operator=(const OneServer&) = delete;
  ~OneServer() { thread_.join(); }
  [[nodiscard]] const Address& address() const { return listener_.address(); }

 private:
  TcpListener listener_;
  std::thread thread_;
};

/// Everything up to the peer's end.
inline Result<std::string> read_to_end(Channel& channel) {
  std::string out;
  Bytes buffer(4096);
  while (true) {
    RATLS_TRY(const std::size_t got, channel.read(buffer));
    if (got == 0) return out;
    out += to_string(ByteView(buffer).first(got));
  }
}

}  // namespace ratls::test
