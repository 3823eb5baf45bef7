#include <ratls/certgen/sim/throttle.h>

#include <catch2/catch_test_macros.hpp>

using namespace ratls::sim;
using namespace std::chrono_literals;

namespace {

TimePoint at(std::chrono::microseconds since) {
  return TimePoint{} + 1h + since;
}

}  // namespace

TEST_CASE("by default the simulated firmware takes no time") {
  Throttle throttle{ThrottleOptions{}};
  for (int i = 0; i < 100; ++i) CHECK(throttle.next(at(0us)) == 0us);
}

TEST_CASE("latency alone is the same for every report") {
  Throttle throttle{ThrottleOptions{8ms}};
  for (int i = 0; i < 100; ++i) CHECK(throttle.next(at(0us)) == 8ms);
}

TEST_CASE("the report after the tenth waits for the window's end") {
  Throttle throttle{ThrottleOptions::real()};
  for (int i = 0; i < 10; ++i) CHECK(throttle.next(at(i * 8ms)) == 8ms);
  CHECK(throttle.next(at(80ms)) == 10'200ms - 80ms + 8ms);
}

TEST_CASE("a stalled report opens the next window") {
  Throttle throttle{ThrottleOptions{0us, 2, 10s}};
  CHECK(throttle.next(at(0s)) == 0us);
  CHECK(throttle.next(at(1s)) == 0us);
  CHECK(throttle.next(at(2s)) == 8s);
  CHECK(throttle.next(at(10s)) == 0us);
  CHECK(throttle.next(at(11s)) == 9s);
  CHECK(throttle.next(at(20s)) == 0us);
}

TEST_CASE("whoever comes after the window's end finds a fresh one") {
  Throttle throttle{ThrottleOptions{0us, 2, 10s}};
  CHECK(throttle.next(at(0s)) == 0us);
  CHECK(throttle.next(at(10s)) == 0us);
  CHECK(throttle.next(at(11s)) == 0us);
  CHECK(throttle.next(at(12s)) == 8s);
}

TEST_CASE("slow askers are never stalled") {
  Throttle throttle{ThrottleOptions::real()};
  for (int i = 0; i < 100; ++i) CHECK(throttle.next(at(i * 1020ms)) == 8ms);
}

TEST_CASE("one report a window is a window for each report") {
  Throttle throttle{ThrottleOptions{0us, 1, 3s}};
  CHECK(throttle.next(at(0s)) == 0us);
  CHECK(throttle.next(at(1s)) == 2s);
  CHECK(throttle.next(at(3s)) == 3s);
}

TEST_CASE("real sleep takes at least as long as asked") {
  SystemSleeper sleeper;
  const TimePoint start = sleeper.now();
  sleeper.sleep_for(2ms);
  CHECK(sleeper.now() - start >= 2ms);
  sleeper.sleep_for(0us);
}
