#include <ratls/kds/detail/pem.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <ratls/core/x509.h>

namespace ratls::kds {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr std::size_t kMaxFile = std::size_t{4} * 1024 * 1024;

struct Close {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

Error unreadable(const std::string& file, const std::string& why) {
  return Error(Reason::invalid_config,
               file + ": " + why + "; install ca-certificates, or name another file of CAs");
}

Result<std::string> read_text(const std::string& file) {
  const std::unique_ptr<std::FILE, Close> in(std::fopen(file.c_str(), "rbe"));
  if (in == nullptr) return unreadable(file, std::generic_category().message(errno));
  std::string out(kMaxFile + 1, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), in.get()));
  if (std::ferror(in.get()) != 0) return unreadable(file, std::generic_category().message(errno));
  if (out.size() > kMaxFile) return unreadable(file, "more than 4 MiB");
  return out;
}

}  // namespace

std::vector<std::string_view> certificate_blocks(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t begin = text.find(kBegin);
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    const std::size_t end = text.find(kEnd);
    if (end == std::string_view::npos) return out;
    out.push_back(text.substr(0, end + kEnd.size()));
    text.remove_prefix(end + kEnd.size());
  }
}

Result<Bytes> load_web_roots(const std::string& file) {
  RATLS_TRY(const std::string text, read_text(file));
  Bytes out;
  for (const std::string_view block : certificate_blocks(text)) {
    const std::string line = std::string(block) + "\n";
    const auto usable =
        Certificate::parse_der_or_pem(as_bytes(line), Reason::malformed_certificate);
    if (usable) append(out, as_bytes(line));
  }
  if (out.empty()) return unreadable(file, "no certificate that can be used");
  return out;
}

}  // namespace ratls::kds
