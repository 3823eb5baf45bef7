#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <ratls/services/broker/detail/segments.h>
#include <ratls/tcp.h>

namespace ratls::broker::detail {

namespace {

constexpr std::size_t kDigits = 12;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string("./") : path.substr(0, slash + 1);
}

bool is_number(std::string_view text) {
  return text.size() == kDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string segment_name(const std::string& path, std::uint64_t seq) {
  const std::string number = std::to_string(seq);
  const std::size_t zeros = number.size() < kDigits ? kDigits - number.size() : 0;
  return path + "." + std::string(zeros, '0') + number;
}

Result<std::vector<std::string>> segments_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const auto slash = path.rfind('/');
  const std::string prefix = (slash == std::string::npos ? path : path.substr(slash + 1)) + ".";
  std::error_code failed;
  std::vector<std::string> out;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || !is_number(name.substr(prefix.size()))) continue;
    out.push_back(path.substr(0, path.size() - (prefix.size() - 1)) + name);
  }
  if (failed) return Error(Reason::io_error, folder + ": " + failed.message());
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (open.get() >= 0 && ::fsync(open.get()) == 0) return {};
  return Error(Reason::io_error, folder + ": " + std::generic_category().message(errno));
}

}  // namespace ratls::broker::detail
