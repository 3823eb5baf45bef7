#include <catch2/catch_test_macros.hpp>

#include <ratls/services/status/exposition.h>

using namespace ratls::status;

TEST_CASE("a label's value cannot end its quotes or its line") {
  CHECK(label("upstream", "plain") == R"(upstream="plain")");
  CHECK(label("upstream", "a\"b\\c\nd") == R"(upstream="a\"b\\c\nd")");
}

TEST_CASE("numbers have nine digits at most and no locale") {
  CHECK(number(0.0005) == "0.0005");
  CHECK(number(1) == "1");
  CHECK(number(1.0 / 3) == "0.333333333");
  CHECK(number(123456.5) == "123456.5");
}

TEST_CASE("a histogram's buckets are cumulative, and a bound belongs to its bucket") {
  Histogram times({0.1, 1});
  for (const double each : {0.05, 0.1, 0.5, 7.0}) times.observe(each);
  std::string out;
  times.write(out, "t");
  CHECK(out ==
        "t_bucket{le=\"0.1\"} 2\nt_bucket{le=\"1\"} 3\nt_bucket{le=\"+Inf\"} 4\nt_sum 7.65\n"
        "t_count 4\n");
}

TEST_CASE("a family has its help and its type in front") {
  std::string out;
  head(out, "ratls_x_total", "counter", "What it counts.");
  line(out, "ratls_x_total", "3");
  CHECK(out ==
        "# HELP ratls_x_total What it counts.\n# TYPE ratls_x_total counter\nratls_x_total 3\n");
}
