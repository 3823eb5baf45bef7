#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <ratls/core/secret.h>

#include <ratls/services/io/detail/uv_stream.h>

namespace ratls::io {

namespace {

using detail::Handle;
using detail::Kind;

constexpr std::size_t kChunk = 65536;

// A pipe, socket or terminal of the process's, as a handle; null for a regular file, which libuv
// cannot wait for. The descriptor is duplicated: closing the handle leaves the process its own.
std::shared_ptr<Handle> handle_of(Loop& loop, int fd) {
  const uv_handle_type type = uv_guess_handle(fd);
  if (type != UV_TCP && type != UV_NAMED_PIPE && type != UV_TTY) return nullptr;
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return nullptr;
  const Kind kind = type == UV_TCP ? Kind::tcp : type == UV_TTY ? Kind::tty : Kind::pipe;
  auto handle = std::make_shared<Handle>(loop, kind);
  int failed = 0;
  if (kind == Kind::tcp) failed = uv_tcp_open(handle->tcp(), own);
  if (kind == Kind::pipe) failed = uv_pipe_open(handle->pipe(), own);
  if (kind == Kind::tty) {
    failed = uv_tty_init(loop.native(), reinterpret_cast<uv_tty_t*>(handle->stream()), own, 0);
  }
  if (failed != 0) ::close(own);
  return failed == 0 ? handle : nullptr;
}

/// Files are always ready: read a piece each turn of the loop, write at once.
class FileStream final : public Stream {
 public:
  FileStream(Loop& loop, int in, int out) : turn_(loop), in_(in), out_(out) {}
  ~FileStream() override { wipe(chunk_); }

  void start(Events events) override {
    events_ = std::move(events);
    resume();
  }
  void pause() override { turn_.stop(); }
  void resume() override {
    if (in_ >= 0 && !ended_) turn_.start(std::chrono::milliseconds(0), [this] { read_some(); });
  }
  void write(ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(out_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        const int code = uv_translate_sys_error(errno);
        turn_.start(std::chrono::milliseconds(0), [this, code] { fail(code); });
        return;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void end() override {}
  void abort() override { turn_.stop(); }

 private:
  void read_some() {
    const ssize_t count = ::read(in_, chunk_.data(), chunk_.size());
    if (count < 0 && errno != EINTR) return fail(uv_translate_sys_error(errno));
    if (count == 0) {
      ended_ = true;
      const auto call = events_.end;
      return call();
    }
    resume();  // first: the call may pause
    const auto call = events_.bytes;
    if (count > 0) call(ByteView(chunk_).first(static_cast<std::size_t>(count)));
  }
  void fail(int code) {
    const auto call = events_.failed;
    if (call) call(error_of(code, "standard input or output"));
  }

  Timer turn_;
  int in_;
  int out_;
  bool ended_ = false;
  Events events_;
  std::array<std::uint8_t, kChunk> chunk_{};
};

/// Input and output that are two streams.
class Both final : public Stream {
 public:
  Both(std::unique_ptr<Stream> in, std::unique_ptr<Stream> out)
      : in_(std::move(in)), out_(std::move(out)) {}

  void start(Events events) override {
    const auto failed = events.failed;
    const auto drained = events.drained;
    in_->start({std::move(events.bytes), std::move(events.end), failed, nullptr});
    // A pipe whose reader went away says so only when it is written to.
    out_->start({[](ByteView) {}, [] {}, failed, drained});
    out_->pause();
  }
  void pause() override { in_->pause(); }
  void resume() override { in_->resume(); }
  void write(ByteView bytes) override { out_->write(bytes); }
  [[nodiscard]] std::size_t queued() const override { return out_->queued(); }
  void end() override { out_->end(); }
  void abort() override {
    in_->abort();
    out_->abort();
  }

 private:
  std::unique_ptr<Stream> in_;
  std::unique_ptr<Stream> out_;
};

std::unique_ptr<Stream> one_side(Loop& loop, int in, int out) {
  if (auto handle = handle_of(loop, in >= 0 ? in : out)) return detail::stream_over(handle, handle);
  return std::make_unique<FileStream>(loop, in, out);
}

}  // namespace

std::unique_ptr<Stream> standard_streams(Loop& loop) {
  return std::make_unique<Both>(one_side(loop, STDIN_FILENO, -1),
                                one_side(loop, -1, STDOUT_FILENO));
}

}  // namespace ratls::io
