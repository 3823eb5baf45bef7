#include <ratls/core/clock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

namespace ratls {

namespace {

// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what four digits of a year can say.
constexpr Timestamp kFirst{-62167219200};
constexpr Timestamp kLast{253402300799};

// Two digits at `at`, or -1.
int two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size()) return -1;
  const char high = text[at];
  const char low = text[at + 1];
  if (high < '0' || high > '9' || low < '0' || low > '9') return -1;
  return (high - '0') * 10 + (low - '0');
}

void put_two(std::string& out, int value) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

// Skips ".123"; false for a dot without a digit.
bool skip_fraction(std::string_view& rest) {
  if (rest.empty() || rest.front() != '.') return true;
  rest.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') ++digits;
  rest.remove_prefix(digits);
  return digits > 0;
}

// "Z" or "+hh:mm", to the end: the offset in seconds.
std::optional<int> zone_offset(std::string_view rest) {
  if (rest == "Z" || rest == "z") return 0;
  if (rest.size() != 6 || rest[3] != ':' || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
  const int hours = two_digits(rest, 1);
  const int minutes = two_digits(rest, 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return rest[0] == '+' ? seconds : -seconds;
}

}  // namespace

std::optional<Timestamp> from_calendar(int year, int month, int day, int hour, int minute,
                                       int second) {
  using namespace std::chrono;
  // std::chrono keeps a month or day in one byte: 257 would become 1.
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const year_month_day date{std::chrono::year{year},
                            std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (year < 0 || year > 9999 || !date.ok()) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  return Timestamp{days * 86400 + hour * 3600 + minute * 60 + second};
}

std::string to_rfc3339(Timestamp time) {
  using namespace std::chrono;
  const sys_seconds moment{seconds{time.unix_seconds}};
  const sys_days day = floor<days>(moment);
  const year_month_day date{day};
  const auto in_day = static_cast<int>((moment - day).count());
  std::string out;
  const int year = static_cast<int>(date.year());
  put_two(out, year / 100 % 100);
  put_two(out, year % 100);
  out.push_back('-');
  put_two(out, static_cast<int>(static_cast<unsigned>(date.month())));
  out.push_back('-');
  put_two(out, static_cast<int>(static_cast<unsigned>(date.day())));
  out.push_back('T');
  put_two(out, in_day / 3600);
  out.push_back(':');
  put_two(out, in_day / 60 % 60);
  out.push_back(':');
  put_two(out, in_day % 60);
  out.push_back('Z');
  return out;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  static constexpr std::string_view kShape = "YYYY-MM-DDTHH:MM:SS";
  if (text.size() <= kShape.size()) return std::nullopt;
  for (const std::size_t at : std::array<std::size_t, 4>{4, 7, 13, 16}) {
    if (text[at] != kShape[at]) return std::nullopt;
  }
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  std::array<int, 7> field{};
  static constexpr std::array<std::size_t, 7> kAt{0, 2, 5, 8, 11, 14, 17};
  for (std::size_t i = 0; i < field.size(); ++i) {
    field[i] = two_digits(text, kAt[i]);
    if (field[i] < 0) return std::nullopt;
  }
  std::string_view rest = text.substr(kShape.size());
  if (!skip_fraction(rest)) return std::nullopt;
  const auto offset = zone_offset(rest);
  const auto local =
      from_calendar(field[0] * 100 + field[1], field[2], field[3], field[4], field[5], field[6]);
  if (!offset || !local) return std::nullopt;
  const Timestamp moment{local->unix_seconds - *offset};
  return moment < kFirst || moment > kLast ? std::nullopt : std::optional(moment);
}

std::optional<Timestamp> SystemClock::now() const {
  using namespace std::chrono;
  const auto since = system_clock::now().time_since_epoch();
  return Timestamp{duration_cast<seconds>(since).count()};
}

HighWaterClock::HighWaterClock(const Clock& inner, std::optional<Timestamp> floor)
    : inner_(inner),
      floor_(floor),
      mark_(floor ? floor->unix_seconds : std::numeric_limits<std::int64_t>::min()) {}

std::optional<Timestamp> HighWaterClock::now() const {
  const auto shown = inner_.now();
  if (!shown) return std::nullopt;
  std::int64_t mark = mark_.load();
  while (mark < shown->unix_seconds && !mark_.compare_exchange_weak(mark, shown->unix_seconds)) {
  }
  return Timestamp{std::max(mark, shown->unix_seconds)};
}

std::string HighWaterClock::caveat() const {
  return "the guest's own clock, which its host sets; it never goes back while this process runs" +
         (floor_ ? ", nor before " + to_rfc3339(*floor_) : std::string());
}

}  // namespace ratls
