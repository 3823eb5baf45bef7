/// What the files of this folder share about libuv's streams. Private.
#pragma once

#include <uv.h>

#include <ratls/services/io/stream.h>

namespace ratls::io::detail {

/// Memory for one of libuv's stream handles.
union AnyStream {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
  uv_tty_t tty;
};

enum class Kind : std::uint8_t { tcp, pipe, tty };

/// A handle on the heap that is closed, and then freed, with its owner.
class Handle {
 public:
  Handle(Loop& loop, Kind kind);
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle();
  [[nodiscard]] uv_stream_t* stream() noexcept { return &any_->stream; }
  [[nodiscard]] uv_tcp_t* tcp() noexcept { return &any_->tcp; }
  [[nodiscard]] uv_pipe_t* pipe() noexcept { return &any_->pipe; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// Closes a TCP connection by a reset.
  void reset();

 private:
  AnyStream* any_;
  Kind kind_;
  bool closing_ = false;
};

/// Over a connected handle; `reads` and `writes` may be one.
std::unique_ptr<Stream> stream_over(std::shared_ptr<Handle> reads, std::shared_ptr<Handle> writes);

}  // namespace ratls::io::detail
