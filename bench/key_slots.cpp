// The lock around mbedTLS's table of PSA keys, which all sessions of a process share: how often a
// handshake takes it, for how long it is held, and how often one thread waits there for another.
// One JSON object on standard output, per handshake; README.md says how to read it.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string_view>

#include <pthread.h>

#include <mbedtls/threading.h>

#include "support/kinds.h"

namespace {

using namespace ratls;
using namespace ratls::bench;

/// Of all threads, since the last reset.
struct Counters {
  std::atomic<std::uint64_t> taken{0};
  std::atomic<std::uint64_t> waited{0};     ///< somebody else had it
  std::atomic<std::int64_t> waited_for{0};  ///< ns
  std::atomic<std::int64_t> held_for{0};    ///< ns
};
Counters counters;
Nanoseconds held_since{0};  // written by whoever holds the lock

// A struct begins with its first member, which is the pthread_mutex_t.
bool is_key_slots(const pthread_mutex_t* mutex) noexcept {
  return static_cast<const void*>(mutex) ==
         static_cast<const void*>(&mbedtls_threading_key_slot_mutex);
}

void reset() noexcept {
  counters.taken = 0;
  counters.waited = 0;
  counters.waited_for = 0;
  counters.held_for = 0;
}

}  // namespace

// The linker sends every call of an archive here (--wrap).
extern "C" {

int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);

int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  if (!is_key_slots(mutex)) return __real_pthread_mutex_lock(mutex);
  ++counters.taken;
  if (pthread_mutex_trylock(mutex) != 0) {
    const Nanoseconds start = read_clock(CLOCK_MONOTONIC);
    if (const int failed = __real_pthread_mutex_lock(mutex); failed != 0) return failed;
    counters.waited_for += (read_clock(CLOCK_MONOTONIC) - start).count();
    ++counters.waited;
  }
  held_since = read_clock(CLOCK_MONOTONIC);
  return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex) {
  if (!is_key_slots(mutex)) return __real_pthread_mutex_unlock(mutex);
  const Nanoseconds held = read_clock(CLOCK_MONOTONIC) - held_since;
  counters.held_for += held.count();
  return __real_pthread_mutex_unlock(mutex);
}

}  // extern "C"

namespace {

/// `count` handshakes on each of `threads` threads; prints what one of them did with the lock.
void measure(const std::vector<std::vector<Kind>>& of_thread, std::size_t which,
             std::size_t threads, std::size_t count) {
  reset();
  const Nanoseconds cpu = process_cpu();
  run_on_threads(of_thread, which, threads, count);
  const auto handshakes = static_cast<double>(threads * count);
  const auto micros = [&](const std::atomic<std::int64_t>& nanoseconds) {
    return static_cast<double>(nanoseconds.load()) / 1e3 / handshakes;
  };
  std::printf(
      "{\"taken\": %.1f, \"held_us\": %.2f, \"waited\": %.3f, \"waited_us\": %.3f, "
      "\"cpu_us\": %.1f}",
      static_cast<double>(counters.taken.load()) / handshakes, micros(counters.held_for),
      static_cast<double>(counters.waited.load()) / handshakes, micros(counters.waited_for),
      seconds(process_cpu() - cpu) * 1e6 / handshakes);
}

}  // namespace

int main(int argc, char** argv) {
  World::choose_folder(argc, argv);
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const std::size_t count = quick ? 50 : 2000;
  const Guests guests;
  const Guests others;
  const std::vector<std::vector<Kind>> of_thread{kinds(guests), kinds(others)};
  std::printf("{");
  const char* separator = "";
  for (std::size_t which = 0; which < of_thread[0].size(); ++which) {
    const Kind& kind = of_thread[0][which];
    if (!kind.rated) continue;
    std::printf("%s\"%s\": {\"1\": ", separator, kind.name.c_str());
    measure(of_thread, which, 1, count);
    std::printf(", \"2\": ");
    measure(of_thread, which, 2, count);
    std::printf("}");
    separator = ", ";
  }
  std::printf("}\n");
  return 0;
}
