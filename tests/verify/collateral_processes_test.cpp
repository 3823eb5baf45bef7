// The collateral store on full and read-only disks, with many writers and under kill -9.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "tests/verify/stored.h"

namespace ratls {

namespace {

namespace fs = std::filesystem;
using test::crl;
using test::said;
using test::Stored;
using test::vcek;
using test::vcek_query;

constexpr auto kVcekList = snp::SigningKeyKind::vcek;
const CrlQuery kMilanList{snp::ProductLine::milan, kVcekList, std::nullopt};

/// Runs `work` in a process of its own. Its end is its exit code; nothing of Catch2 runs in it.
template <class Work>
pid_t spawn(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}

int end_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// What the store gives is either nothing or exactly `der`.
bool right_or_absent(CollateralStore& store, const EndorsementQuery& query, const Bytes& der) {
  const auto got = store.endorsement(query);
  return !got || *got == der;
}

}  // namespace

TEST_CASE("a full disk refuses the put and keeps what was there") {
  Stored in;
  const Bytes der = vcek("a");
  const RootOfTrust roots = test::simulated_roots();
  fs::create_directory(in.folder);
  std::vector<Bytes> many;
  for (int i = 0; i < 60; ++i) many.push_back(vcek("full-" + std::to_string(i)));
  const pid_t child = spawn([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", in.folder.c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0) {
      return 77;
    }
    CollateralStore store(in.folder, roots);
    if (!store.put_certificate(der)) return 1;
    bool refused = false;
    for (const Bytes& one : many) {
      const auto put = store.put_certificate(one);
      if (put) continue;
      refused = true;
      if (put.error().reason() != Reason::io_error) return 2;
      if (put.error().detail().find("No space left") == std::string::npos) return 3;
    }
    if (!refused) return 4;
    if (store.endorsement(vcek_query("a")) != der) return 5;
    const auto listing = store.list();
    if (!listing || !listing->problems.empty()) return 6;
    return std::distance(fs::directory_iterator(in.folder + "/tmp"), fs::directory_iterator()) == 0
               ? 0
               : 7;
  });
  const int end = end_of(child);
  if (end == 77) SKIP("this user may not mount a small tmpfs");
  CHECK(end == 0);
}

TEST_CASE("a read-only folder is read and not written") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const RootOfTrust roots = test::simulated_roots();
  const Bytes other = vcek("b");
  const pid_t child = spawn([&] {
    if (::geteuid() == 0) {
      // Permissions do not bind root; a read-only mount does.
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          ::mount(in.folder.c_str(), in.folder.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
          ::mount(nullptr, in.folder.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) !=
              0) {
        return 77;
      }
    } else if (::chmod(in.folder.c_str(), 0500) != 0) {
      return 77;
    }
    CollateralStore store(in.folder, roots);
    if (store.endorsement(vcek_query("a")) != der) return 1;
    const auto put = store.put_certificate(other);
    if (put || put.error().reason() != Reason::io_error) return 2;
    return store.list() ? 0 : 3;
  });
  const int end = end_of(child);
  if (end == 77) SKIP("this user may not make a read-only mount");
  CHECK(end == 0);
}

TEST_CASE("eight processes write at once and nothing is lost, torn or rolled back") {
  Stored in;
  constexpr int kWriters = 8;
  constexpr int kEach = 6;
  std::vector<std::vector<Bytes>> certificates(kWriters);
  std::vector<Bytes> lists;
  for (int writer = 0; writer < kWriters; ++writer) {
    for (int i = 0; i < kEach; ++i) {
      certificates[static_cast<std::size_t>(writer)].push_back(
          vcek("w" + std::to_string(writer) + "-" + std::to_string(i)));
    }
  }
  for (std::uint64_t number = 1; number <= kWriters * kEach; ++number) lists.push_back(crl(number));
  const Bytes shared = vcek("shared");
  const RootOfTrust roots = test::simulated_roots();
  std::vector<pid_t> children;
  for (std::size_t writer = 0; writer < kWriters; ++writer) {
    children.push_back(spawn([&, writer] {
      CollateralStore store(in.folder, roots);
      for (std::size_t i = 0; i < kEach; ++i) {
        if (!store.put_certificate(certificates[writer][i])) return 1;
        if (!store.put_certificate(shared)) return 2;
        const auto list = store.put_crl(kVcekList, lists[i * kWriters + writer]);
        if (!list && list.error().reason() != Reason::crl_rollback) return 3;
        if (!right_or_absent(store, vcek_query("shared"), shared)) return 4;
      }
      return 0;
    }));
  }
  for (const pid_t child : children) CHECK(end_of(child) == 0);
  const auto listing = in.store.list().value();
  CHECK(listing.problems.empty());
  CHECK(listing.items.size() == kWriters * kEach + 2);
  CHECK(in.store.crl(kMilanList) == lists.back());
}

TEST_CASE("a writer killed at any moment leaves a store that works and no wrong certificate") {
  Stored in;
  const RootOfTrust roots = test::simulated_roots();
  std::vector<Bytes> lists;
  for (std::uint64_t number = 1; number <= 60; ++number) lists.push_back(crl(number));
  const Bytes first = vcek("k", 222, sim::Product::milan, {test::kNow.unix_seconds - 9});
  const Bytes second = vcek("k");
  std::uint64_t last = 0;
  for (int kill = 0; kill < 50; ++kill) {
    const pid_t child = spawn([&] {
      CollateralStore store(in.folder, roots);
      for (const Bytes& list : lists) static_cast<void>(store.put_crl(kVcekList, list));
      for (;;) {
        static_cast<void>(store.put_certificate(first));
        static_cast<void>(store.put_certificate(second));
        fs::remove_all(in.folder + "/vcek");
      }
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(300 * (kill + 1)));
    ::kill(child, SIGKILL);
    CHECK(end_of(child) == 128 + SIGKILL);
    CollateralStore store(in.folder, roots);
    const auto got = store.endorsement(vcek_query("k"));
    CHECK((!got || *got == first || *got == second));
    const auto listing = store.list().value();
    for (const CollateralProblem& problem : listing.problems) {
      FAIL_CHECK(problem.file << ": " << problem.what);
    }
    std::uint64_t number = 0;
    for (const StoredCollateral& stored : listing.items) {
      if (stored.item.kind == CollateralKind::crl) number = stored.item.crl_number->front();
    }
    CHECK(number >= last);
    last = number;
  }
  CHECK(last > 0);
  CHECK(said(in.store.put_certificate(vcek("after"))) == "stored");
  CHECK(fs::is_empty(in.folder + "/tmp"));
}

TEST_CASE("writers wait for the lock, readers do not, and a killed holder frees it") {
  Stored in;
  const Bytes der = vcek("a");
  REQUIRE(said(in.store.put_certificate(der)) == "stored");
  const std::string path = in.folder + "/lock";
  std::array<int, 2> ready{};
  REQUIRE(::pipe(ready.data()) == 0);
  const pid_t holder = spawn([&] {
    const int lock = ::open(path.c_str(), O_RDWR);
    if (lock < 0 || ::flock(lock, LOCK_EX) != 0 || ::write(ready[1], "x", 1) != 1) return 1;
    ::sleep(60);
    return 0;
  });
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const Bytes other = vcek("b");
  const RootOfTrust roots = test::simulated_roots();
  const pid_t writer = spawn([&] {
    CollateralStore store(in.folder, roots);
    return store.put_certificate(other) ? 0 : 1;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(::waitpid(writer, nullptr, WNOHANG) == 0);
  CHECK_FALSE(in.store.endorsement(vcek_query("b")));
  CHECK(in.store.endorsement(vcek_query("a")) == der);
  ::kill(holder, SIGKILL);
  end_of(holder);
  CHECK(end_of(writer) == 0);
  CHECK(in.store.endorsement(vcek_query("b")) == other);
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace ratls
