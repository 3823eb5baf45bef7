#include <ratls/core/clock.h>

#include <ctime>

#include "check.h"

using namespace ratls;

namespace {

std::int64_t seconds_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  REQUIRE(time);
  return time->unix_seconds;
}

}  // namespace

TEST_CASE("known moments are written and read") {
  // date -u -d TEXT +%s
  const std::vector<std::pair<std::string_view, std::int64_t>> rows{
      {"1970-01-01T00:00:00Z", 0},
      {"1969-12-31T23:59:59Z", -1},
      {"2000-02-29T12:34:56Z", 951827696},
      {"2026-11-23T20:57:00Z", 1795467420},
      {"2038-01-19T03:14:08Z", 2147483648},
      {"1900-03-01T00:00:00Z", -2203891200},
      {"0000-01-01T00:00:00Z", -62167219200},
      {"9999-12-31T23:59:59Z", 253402300799},
  };
  for (const auto& [text, seconds] : rows) {
    CAPTURE(text);
    CHECK(to_rfc3339(Timestamp{seconds}) == text);
    CHECK(seconds_of(text) == seconds);
  }
}

namespace {

// A clock that somebody else sets.
struct HostClock final : Clock {
  [[nodiscard]] std::optional<Timestamp> now() const override { return moment; }
  std::optional<Timestamp> moment;
};

}  // namespace

TEST_CASE("a guest's clock never goes back behind what it has shown, nor behind its floor") {
  HostClock host;
  const HighWaterClock clock(host, Timestamp{1000});
  host.moment = Timestamp{10};
  CHECK(clock.now() == Timestamp{1000});
  host.moment = Timestamp{5000};
  CHECK(clock.now() == Timestamp{5000});
  host.moment = Timestamp{1500};
  CHECK(clock.now() == Timestamp{5000});
  host.moment = Timestamp{5001};
  CHECK(clock.now() == Timestamp{5001});
  CHECK(clock.caveat().find("1970-01-01T00:16:40Z") != std::string::npos);
}

TEST_CASE("a guest's clock without a floor begins with what it is shown, and no time stays none") {
  HostClock host;
  const HighWaterClock clock(host);
  CHECK_FALSE(clock.now());
  host.moment = Timestamp{-7};
  CHECK(clock.now() == Timestamp{-7});
  host.moment = std::nullopt;
  CHECK_FALSE(clock.now());
  CHECK(SystemClock().caveat().empty());
}

TEST_CASE("an offset is taken off the local time") {
  CHECK(seconds_of("1970-01-01T01:00:00+01:00") == 0);
  CHECK(seconds_of("1969-12-31T19:00:00-05:00") == 0);
  CHECK(seconds_of("1970-01-01T00:00:00-00:00") == 0);
  CHECK(seconds_of("1970-01-01T05:45:00+05:45") == 0);
  CHECK(seconds_of("1970-01-02T00:00:00+23:59") == 60);
}

TEST_CASE("fractions are dropped and small letters allowed, as RFC 3339 says") {
  CHECK(seconds_of("1970-01-01t00:00:01z") == 1);
  CHECK(seconds_of("1970-01-01 00:00:01Z") == 1);
  CHECK(seconds_of("1970-01-01T00:00:01.9Z") == 1);
  CHECK(seconds_of("1970-01-01T00:00:01.123456789012345678901234567890Z") == 1);
  CHECK(seconds_of("1970-01-01T01:00:01.5+01:00") == 1);
}

TEST_CASE("what is not a date that exists is nothing") {
  for (const std::string_view text : {
           "",
           "Z",
           "2026",
           "2026-01-01",
           "2026-01-01T00:00:00",
           "2026-01-01T00:00Z",
           "2026-01-01X00:00:00Z",
           "2026/01/01T00:00:00Z",
           "2026-01-01T00-00-00Z",
           "2026-00-01T00:00:00Z",
           "2026-13-01T00:00:00Z",
           "2026-01-00T00:00:00Z",
           "2026-01-32T00:00:00Z",
           "2026-04-31T00:00:00Z",
           "2026-02-29T00:00:00Z",
           "1900-02-29T00:00:00Z",
           "2026-01-01T24:00:00Z",
           "2026-01-01T00:60:00Z",
           "2026-01-01T00:00:60Z",
           "2026-01-01T00:00:00.Z",
           "2026-01-01T00:00:00.aZ",
           "2026-01-01T00:00:00ZZ",
           "2026-01-01T00:00:00 Z",
           "2026-01-01T00:00:00+1:00",
           "2026-01-01T00:00:00+01",
           "2026-01-01T00:00:00+0100",
           "2026-01-01T00:00:00+24:00",
           "2026-01-01T00:00:00+01:60",
           "2026-01-01T00:00:00*01:00",
           "-026-01-01T00:00:00Z",
           "+026-01-01T00:00:00Z",
           "2026-1-01T00:00:00ZZ",
           "12026-01-01T00:00:00Z",
           " 2026-01-01T00:00:00Z",
           "2026-01-01T00:00:00Z ",
           "2026-01-01T00:00:00+ab:cd",
           "20a6-01-01T00:00:00Z",
           "2026-01-01T0a:00:00Z",
           "2026-01-01T00:00:0aZ",
       }) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("every prefix of a date is nothing") {
  const std::string_view text = "2026-11-23T20:57:00.25+01:00";
  REQUIRE(parse_rfc3339(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(parse_rfc3339(text.substr(0, size)));
  }
}

TEST_CASE("an offset that leads out of the years 0000 to 9999 is nothing") {
  CHECK_FALSE(parse_rfc3339("0000-01-01T00:00:00+00:01"));
  CHECK_FALSE(parse_rfc3339("9999-12-31T23:59:59-00:01"));
  CHECK(seconds_of("0000-01-01T00:01:00+00:01") == -62167219200);
  CHECK(seconds_of("9999-12-31T23:58:59-00:01") == 253402300799);
}

TEST_CASE("a leap day exists every fourth year, not in full centuries, but in every fourth") {
  for (int year = 0; year <= 9999; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    REQUIRE(from_calendar(year, 2, 29, 0, 0, 0).has_value() == leap);
    REQUIRE_FALSE(from_calendar(year, 2, 30, 0, 0, 0));
  }
}

TEST_CASE("moments all over ten thousand years survive writing and reading") {
  std::int64_t seconds = -62167219200;
  constexpr std::int64_t kEnd = 253402300799;
  // Steps of about 6.8 days visit every month and every hour of the day.
  for (; seconds <= kEnd; seconds += 586667) {
    const std::string text = to_rfc3339(Timestamp{seconds});
    const auto back = parse_rfc3339(text);
    if (!back || back->unix_seconds != seconds) FAIL(text << " is not " << seconds);
  }
  CHECK(to_rfc3339(Timestamp{kEnd}) == "9999-12-31T23:59:59Z");
}

TEST_CASE("a calendar date agrees with the system's own calendar") {
  for (std::int64_t seconds = -5000000000; seconds < 20000000000; seconds += 7654321) {
    const std::time_t time = seconds;
    std::tm parts{};
    REQUIRE(gmtime_r(&time, &parts) != nullptr);
    const auto ours = from_calendar(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                    parts.tm_hour, parts.tm_min, parts.tm_sec);
    REQUIRE(ours == Timestamp{seconds});
  }
}

TEST_CASE("a field of a calendar date out of its range is nothing, however far out") {
  REQUIRE(from_calendar(2026, 1, 1, 0, 0, 0));
  for (const int wrong : {-1, -255, 256, 257, 65537, 1 << 30}) {
    CAPTURE(wrong);
    CHECK_FALSE(from_calendar(2026, wrong, 1, 0, 0, 0));
    CHECK_FALSE(from_calendar(2026, 1, wrong, 0, 0, 0));
    CHECK_FALSE(from_calendar(2026, 1, 1, wrong, 0, 0));
    CHECK_FALSE(from_calendar(2026, 1, 1, 0, wrong, 0));
    CHECK_FALSE(from_calendar(2026, 1, 1, 0, 0, wrong));
  }
  CHECK_FALSE(from_calendar(-1, 1, 1, 0, 0, 0));
  CHECK_FALSE(from_calendar(10000, 1, 1, 0, 0, 0));
  CHECK_FALSE(from_calendar(65536 + 2026, 1, 1, 0, 0, 0));
  CHECK_FALSE(from_calendar(2026, 0, 1, 0, 0, 0));
  CHECK_FALSE(from_calendar(2026, 1, 0, 0, 0, 0));
}

TEST_CASE("the system clock tells the system's time") {
  const std::time_t before = std::time(nullptr);
  const auto now = SystemClock().now();
  const std::time_t after = std::time(nullptr);
  REQUIRE(now);
  CHECK(now->unix_seconds >= before - 1);
  CHECK(now->unix_seconds <= after + 1);
}

TEST_CASE("a fixed clock stands still, or does not know") {
  CHECK(FixedClock(Timestamp{42}).now() == Timestamp{42});
  CHECK_FALSE(FixedClock(std::nullopt).now());
}

TEST_CASE("moments are ordered") {
  CHECK(Timestamp{1} < Timestamp{2});
  CHECK(Timestamp{-1} < Timestamp{0});
}
