#include "common.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>

#include <ratls/core/json.h>

namespace ratls::cli {

namespace {

struct Close {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

Input stopped(Exit exit, std::string what) {
  return {{}, Stop{exit, std::move(what)}};
}

// Grows with what comes, so that a small file takes little memory however much is allowed.
Input read_all(std::FILE* file, const std::string& name, std::size_t max) {
  constexpr std::size_t kStep = 65536;
  Bytes out;
  std::size_t size = 0;
  for (;;) {
    out.resize(std::min(size + kStep, max + 1));
    const auto rest = std::span(out).subspan(size);
    const std::size_t got = std::fread(rest.data(), 1, rest.size(), file);
    size += got;
    if (std::ferror(file) != 0) {
      return stopped(Exit::no_input, name + ": " + std::strerror(errno));
    }
    if (size > max) {
      return stopped(Exit::malformed, name + ": more than " + std::to_string(max / 1024) + " KiB");
    }
    if (got < rest.size()) break;
  }
  out.resize(size);
  return {std::move(out), std::nullopt};
}

std::string error_json(std::string_view reason, Exit exit, const std::string& detail,
                       std::string_view hint) {
  json::Object out;
  out.text("schema", "ratls.error/1").boolean("accepted", false).text("reason", reason);
  out.number("exit_code", static_cast<std::uint64_t>(exit)).text_or_null("detail", detail);
  return out.text_or_null("hint", hint).str() + "\n";
}

std::string_view name_of(Exit exit) {
  switch (exit) {
    case Exit::usage:
      return "usage";
    case Exit::malformed:
      return "malformed_input";
    case Exit::no_input:
      return "no_input";
    default:
      return "unavailable";
  }
}

}  // namespace

Exit exit_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::firmware_throttled:
    case Reason::cannot_judge_now:
    case Reason::kds_throttled:
      return Exit::throttled;
    case Reason::firmware_gone:
    case Reason::no_report_device:
      return Exit::no_device;
    case Reason::peer_refused:
    case Reason::unknown_resource:  // and the others that a broker answers with
    case Reason::release_guest_not_accepted:
    case Reason::release_firmware_only:
    case Reason::release_expired:
    case Reason::release_limit_reached:
    case Reason::release_used_up:
      return Exit::refused;
    default:
      break;
  }
  switch (errc(reason)) {
    case Errc::malformed:
      return Exit::malformed;
    case Errc::config:
      return Exit::bad_config;
    case Errc::io:
    case Errc::timeout:
    case Errc::closed:
      return Exit::unavailable;
    case Errc::internal:
      return Exit::bug;
    default:
      return Exit::rejected;
  }
}

Input read_input(const std::string& path, std::size_t max) {
  if (path == "-") return read_all(stdin, "standard input", max);
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return stopped(Exit::no_input, path + ": " + std::strerror(errno));
  return read_all(file.get(), path, max);
}

Exit print(const std::string& text, Exit exit) {
  const std::size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written == text.size() && std::fflush(stdout) == 0) return exit;
  std::fprintf(stderr, "ratls: cannot write the result: %s\n", std::strerror(errno));
  return Exit::unavailable;
}

Stop stop_of(const Error& error, const std::string& about) {
  const std::string message = error.message();
  const bool said = about.empty() || message.find(about + ":") != std::string::npos;
  return {exit_of(error.reason()), said ? message : about + ": " + message, error};
}

void tell(const std::string& line) {
  std::fprintf(stderr, "ratls: %s\n", line.c_str());
}

Exit report_stop(const Stop& stop, bool json) {
  if (json && stop.error) {
    const Reason reason = stop.error->reason();
    return print(error_json(code(reason), stop.exit, stop.error->detail(), sentence(reason)),
                 stop.exit);
  }
  if (json) return print(error_json(name_of(stop.exit), stop.exit, stop.what, {}), stop.exit);
  std::fprintf(stderr, "ratls: %s\n", stop.what.c_str());
  if (stop.exit == Exit::no_device) {
    std::fputs("ratls: what is in the way: ratls doctor\n", stderr);
  }
  return stop.exit;
}

Exit report_error(const Error& error, bool json, const std::string& input) {
  return report_stop(stop_of(error, input), json);
}

std::string exit_code_help() {
  return "EXIT CODES\n"
         "  0 accepted or done      1 rejected             64 wrong usage\n"
         " 65 malformed input      66 no such input        69 unavailable (peer, dependency, "
         "output)\n"
         " 70 a bug                71 no SNP device        75 throttled, try again\n"
         " 77 refused by the peer  78 bad configuration or policy\n";
}

}  // namespace ratls::cli
