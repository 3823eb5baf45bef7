#include <ratls/services/io/detail/uv_stream.h>

#include <utility>

#include <ratls/core/secret.h>

namespace ratls::io::detail {

namespace {

/// One write under way. Keeps its bytes; the stream may be gone when it is over.
struct Write {
  uv_write_t request{};
  Bytes bytes;
  std::weak_ptr<void> stream;
  class UvStream* target = nullptr;
};

class UvStream final : public Stream {
 public:
  UvStream(std::shared_ptr<Handle> reads, std::shared_ptr<Handle> writes)
      : reads_(std::move(reads)), writes_(std::move(writes)), alive_(std::make_shared<int>(0)) {}
  ~UvStream() override { uv_read_stop(reads_->stream()); }

  void start(Events events) override {
    events_ = std::move(events);
    reads_->stream()->data = this;
    resume();
  }
  void pause() override { uv_read_stop(reads_->stream()); }
  void resume() override {
    if (ended_ || failed_ || uv_is_readable(reads_->stream()) == 0) return;
    const int failed = uv_read_start(reads_->stream(), give_buffer, take_bytes);
    if (failed != 0 && failed != UV_EALREADY) fail_later(failed);
  }

  void write(ByteView bytes) override {
    if (failed_ || bytes.empty()) return;
    auto* write = new Write{{}, Bytes(bytes.begin(), bytes.end()), alive_, this};
    write->request.data = write;
    uv_buf_t buffer = uv_buf_init(reinterpret_cast<char*>(write->bytes.data()),
                                  static_cast<unsigned>(write->bytes.size()));
    queued_ += bytes.size();
    const int failed = uv_write(&write->request, writes_->stream(), &buffer, 1, written);
    if (failed != 0) {
      queued_ -= bytes.size();
      delete write;
      fail_later(failed);
    }
  }
  [[nodiscard]] std::size_t queued() const override { return queued_; }

  void end() override {
    if (failed_) return;
    auto* request = new uv_shutdown_t;
    const auto freed = [](uv_shutdown_t* done, int) { delete done; };
    if (uv_shutdown(request, writes_->stream(), freed) != 0) delete request;
  }

  void abort() override {
    failed_ = true;
    uv_read_stop(reads_->stream());
    reads_->reset();
    if (writes_ != reads_) writes_->reset();
  }

 private:
  static void give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* out) {
    const auto buffer = static_cast<Loop*>(handle->loop->data)->read_buffer();
    *out =
        uv_buf_init(reinterpret_cast<char*>(buffer.data()), static_cast<unsigned>(buffer.size()));
  }

  static void take_bytes(uv_stream_t* handle, ssize_t count, const uv_buf_t*) {
    auto* self = static_cast<UvStream*>(handle->data);
    if (count == 0) return;
    if (count > 0) {
      const auto call = self->events_.bytes;
      const auto got = static_cast<Loop*>(handle->loop->data)
                           ->read_buffer()
                           .first(static_cast<std::size_t>(count));
      call(got);  // may destroy the stream, and not the loop
      wipe(got);
      return;
    }
    uv_read_stop(handle);
    if (count == UV_EOF) {
      self->ended_ = true;
      const auto call = self->events_.end;
      call();
      return;
    }
    self->fail(static_cast<int>(count));
  }

  static void written(uv_write_t* request, int status) {
    const std::unique_ptr<Write> write(static_cast<Write*>(request->data));
    wipe(write->bytes);
    if (write->stream.expired()) return;
    UvStream* self = write->target;
    self->queued_ -= write->bytes.size();
    if (status != 0) {
      self->fail(status);
      return;
    }
    if (self->queued_ != 0 || self->failed_) return;
    const auto call = self->events_.drained;
    if (call) call();
  }

  void fail(int code) {
    if (std::exchange(failed_, true)) return;
    const auto call = events_.failed;
    if (call) call(error_of(code, "the stream"));
  }
  // Inside a call of the owner's nothing may be called back.
  void fail_later(int code) {
    later_ = std::make_unique<Timer>(*static_cast<Loop*>(reads_->stream()->loop->data));
    later_->start(std::chrono::milliseconds(0), [this, code] { fail(code); });
  }

  std::shared_ptr<Handle> reads_;
  std::shared_ptr<Handle> writes_;
  std::shared_ptr<int> alive_;  ///< what writes under way look at
  Events events_;
  std::size_t queued_ = 0;
  bool ended_ = false;
  bool failed_ = false;
  std::unique_ptr<Timer> later_;
};

}  // namespace

Handle::Handle(Loop& loop, Kind kind) : any_(new AnyStream{}), kind_(kind) {
  if (kind == Kind::tcp) uv_tcp_init(loop.native(), &any_->tcp);
  if (kind == Kind::pipe) uv_pipe_init(loop.native(), &any_->pipe, 0);
}

Handle::~Handle() {
  if (closing_) return;
  if (any_->handle.type == UV_UNKNOWN_HANDLE) {
    delete any_;
    return;
  }
  uv_close(&any_->handle, [](uv_handle_t* closed) { delete reinterpret_cast<AnyStream*>(closed); });
}

void Handle::reset() {
  if (kind_ != Kind::tcp || closing_) return;
  const auto freed = [](uv_handle_t* closed) { delete reinterpret_cast<AnyStream*>(closed); };
  closing_ = uv_tcp_close_reset(&any_->tcp, freed) == 0;
}

std::unique_ptr<Stream> stream_over(std::shared_ptr<Handle> reads, std::shared_ptr<Handle> writes) {
  return std::make_unique<UvStream>(std::move(reads), std::move(writes));
}

}  // namespace ratls::io::detail
