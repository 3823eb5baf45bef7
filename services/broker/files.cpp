#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <ratls/services/broker/detail/files.h>
#include <ratls/tcp.h>

namespace ratls::broker::detail {

Result<Bytes> read_whole_file(const std::string& path, std::size_t max) {
  const auto failed = [&](const std::string& what) {
    return Error(Reason::io_error, path + ": " + what);
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed(std::generic_category().message(errno));
  Bytes out(max + 1);
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = ::read(file.get(), &out[size], out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(std::generic_category().message(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max) return failed("more than " + std::to_string(max) + " bytes");
  out.resize(size);
  return out;
}

}  // namespace ratls::broker::detail
