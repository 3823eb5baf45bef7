// What a core dump, a debugger and the swap would find.
#include <ratls/core/process_memory.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ratls/core/crypto.h>
#include <ratls/core/secret.h>
#include <ratls/core/signing_key.h>

#include "../support/files.h"
#include "check.h"

using namespace ratls;

namespace {

/// Searched for without its bytes lying anywhere in this process: all are masked.
struct Masked {
  explicit Masked(ByteView bytes) {
    for (const std::uint8_t byte : bytes) masked.push_back(byte ^ 0xa5U);
  }
  [[nodiscard]] bool in(ByteView memory) const {
    const auto same = [](std::uint8_t a, std::uint8_t b) { return a == (b ^ 0xa5U); };
    return std::search(memory.begin(), memory.end(), masked.begin(), masked.end(), same) !=
           memory.end();
  }
  std::vector<std::uint8_t> masked;
};

struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool writable = false;
  std::string flags;
  [[nodiscard]] bool has(const std::string& flag) const {
    return flags.find(" " + flag) != std::string::npos;
  }
};

std::vector<Mapping> mappings() {
  std::vector<Mapping> out;
  std::ifstream in("/proc/self/smaps");
  for (std::string line; std::getline(in, line);) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char dash = 0;
    std::string rights;
    std::istringstream words(line);
    if (words >> std::hex >> begin >> dash >> end >> rights && dash == '-') {
      out.push_back({begin, end, rights.starts_with("rw"), ""});
    } else if (line.starts_with("VmFlags:")) {
      out.back().flags = line.substr(8);
    }
  }
  return out;
}

const Mapping& mapping_of(const std::vector<Mapping>& all, const void* at) {
  const auto address = reinterpret_cast<std::uint64_t>(at);
  const auto found = std::find_if(all.begin(), all.end(), [&](const Mapping& mapping) {
    return mapping.begin <= address && address < mapping.end;
  });
  REQUIRE(found != all.end());
  return *found;
}

/// Does it lie in memory of this process that can be written? Read as a debugger would.
bool memory_holds(const Masked& needle) {
  const int fd = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  bool found = false;
  std::vector<std::uint8_t> chunk;
  for (const Mapping& mapping : mappings()) {
    if (!mapping.writable || found) continue;
    chunk.resize(mapping.end - mapping.begin);
    const ssize_t count =
        ::pread(fd, chunk.data(), chunk.size(), static_cast<off_t>(mapping.begin));
    if (count > 0) found = needle.in(ByteView(chunk).first(static_cast<std::size_t>(count)));
    std::fill(chunk.begin(), chunk.end(), std::uint8_t{0});
  }
  ::close(fd);
  return found;
}

/// Sixteen bytes that are nowhere else, written to where they belong.
void fresh(std::span<std::uint8_t> out) {
  crypto::random(out);
}

/// What a child that dies of abort() leaves: the core, or nothing.
struct Death {
  std::optional<Bytes> core;
  Bytes told;  ///< what it wrote into its pipe before
};

Death die(const std::function<void(int)>& body) {
  const test::TemporaryFolder folder;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    if (::chdir(folder.path().c_str()) != 0 || ::setrlimit(RLIMIT_CORE, &all) != 0) ::_exit(9);
    std::signal(SIGABRT, SIG_DFL);
    body(ends[1]);
    std::abort();
  }
  ::close(ends[1]);
  Death out;
  std::array<std::uint8_t, 256> chunk{};
  ssize_t count = 0;
  while ((count = ::read(ends[0], chunk.data(), chunk.size())) > 0) {
    append(out.told, ByteView(chunk).first(static_cast<std::size_t>(count)));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    out.core = test::read_file(entry.path().string());
  }
  return out;
}

void need_core_files() {
  std::ifstream in("/proc/sys/kernel/core_pattern");
  std::string pattern;
  std::getline(in, pattern);
  if (pattern.find_first_of("|/") != std::string::npos) {
    SKIP("core dumps do not go into the working folder here: " + pattern);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY &&
      ::geteuid() != 0) {
    SKIP("core dumps are limited here");
  }
}

void tell(int pipe, ByteView bytes) {
  std::vector<std::uint8_t> masked = Masked(bytes).masked;
  if (::write(pipe, masked.data(), masked.size()) != static_cast<ssize_t>(masked.size())) {
    ::_exit(9);
  }
}

Masked from_masked(ByteView masked) {
  Masked out({});
  out.masked.assign(masked.begin(), masked.end());
  return out;
}

}  // namespace

TEST_CASE("secret bytes lie in memory that is locked and left out of core dumps") {
  const auto secret = SecretBytes::copy_of(test::counting(32, 9));
  REQUIRE(secret);
  const auto all = mappings();
  const auto& place = secret->expose(
      [&](ByteView bytes) -> const Mapping& { return mapping_of(all, bytes.data()); });
  CHECK(place.has("lo"));
  CHECK(place.has("dd"));
  // The control: other memory has neither.
  const auto usual = std::make_unique<std::array<std::uint8_t, 32>>();
  CHECK_FALSE(mapping_of(all, usual->data()).has("dd"));
}

TEST_CASE(
    "a secret that cannot be locked is an error that names the limit, not an unlocked secret") {
  const int ended = test::signal_of([] {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0) std::abort();
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) std::abort();
    const auto secret = SecretBytes::copy_of(test::counting(32));
    if (secret || secret.error().reason() != Reason::io_error) std::abort();
    if (secret.error().detail().find("memlock") == std::string::npos) std::abort();
    if (memory_lock_limit() != 0) std::abort();
    if (guard_process_memory() != LockedMemory::secrets_only) std::abort();
  });
  CHECK(ended == 0);
}

TEST_CASE("a core dump of a process with secrets holds none of them, and holds the control") {
  need_core_files();
  const Death death = die([](int pipe) {
    std::array<std::uint8_t, 16> drawn{};
    fresh(drawn);
    tell(pipe, drawn);
    const auto secret = SecretBytes::copy_of(drawn);
    // What was copied last may stand in a vector register, which a core dump has, too.
    fresh(drawn);
    const auto later = SecretBytes::copy_of(drawn);
    wipe(drawn);
    auto control = std::make_unique<std::array<std::uint8_t, 16>>();
    fresh(*control);
    tell(pipe, *control);
    if (!secret || !later) ::_exit(9);
    std::abort();
  });
  REQUIRE(death.core);
  REQUIRE(death.told.size() == 32);
  CHECK_FALSE(from_masked(ByteView(death.told).first(16)).in(*death.core));
  CHECK(from_masked(ByteView(death.told).last(16)).in(*death.core));
}

TEST_CASE("a guarded process leaves no core at all, an unguarded one does") {
  need_core_files();
  CHECK(die([](int) {}).core);
  CHECK_FALSE(die([](int) { guard_process_memory(); }).core);
}

TEST_CASE("a guarded process is not dumpable, and where no limit holds all of it is locked") {
  const int ended = test::signal_of([] {
    const bool limited = memory_lock_limit().has_value();
    const auto locked = guard_process_memory();
    if (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) std::abort();
    if (limited != (locked == LockedMemory::secrets_only)) std::abort();
    if (limited) return;
    // The heap, where the TLS library keeps its keys: also what is taken later.
    const auto now = std::make_unique<std::array<std::uint8_t, 1U << 20U>>();
    if (!mapping_of(mappings(), now->data()).has("lo")) std::abort();
  });
  CHECK(ended == 0);
}

TEST_CASE("a leaf's key is nowhere in memory once it is destroyed, and is found while it lives") {
  const auto pem = SigningKey::generate_pem();
  REQUIRE(pem);
  auto key = SigningKey::import_pem(*pem);
  REQUIRE(key);
  // The scalar stands in bytes 7 to 38 of the DER (RFC 5915, 3); base64 puts it after 9 characters.
  auto scalar = pem->expose([](ByteView text) {
    const auto body = to_string(text.subspan(31, 162));
    std::string one_line;
    for (const char c : body) {
      if (c != '\n') one_line += c;
    }
    Bytes bits;
    unsigned held = 0;
    int count = 0;
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (const char c : one_line) {
      const std::size_t value = alphabet.find(c);
      if (value == std::string_view::npos) break;
      held = (held << 6U) | static_cast<unsigned>(value);
      count += 6;
      if (count < 8) continue;
      count -= 8;
      bits.push_back(static_cast<std::uint8_t>((held >> static_cast<unsigned>(count)) & 0xffU));
    }
    std::fill(one_line.begin(), one_line.end(), '\0');
    Masked out(ByteView(bits).subspan(7, 32));
    wipe(bits);
    return out;
  });
  CHECK(memory_holds(scalar));
  const auto signature = key->sign_sha256(test::counting(8));
  CHECK(signature);
  { const SigningKey ends = std::move(key).value(); }
  CHECK_FALSE(memory_holds(scalar));
}
