#include <csignal>
#include <memory>
#include <set>
#include <string>

#include "check.h"

using namespace ratls;

namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error(Reason::malformed_report, "odd");
  return value / 2;
}

Result<void> positive(int value) {
  if (value <= 0) return Error(Reason::invalid_config, "not positive");
  return {};
}

Result<int> quarter(int value, int& reached) {
  RATLS_TRY(const int once, half(value));
  ++reached;
  RATLS_TRY(const int twice, half(once));
  ++reached;
  return twice;
}

Result<std::string> checked(int value, int& reached) {
  RATLS_CHECK(positive(value));
  ++reached;
  return std::to_string(value);
}

Result<std::unique_ptr<int>> boxed(int value) {
  RATLS_TRY(auto box, Result<std::unique_ptr<int>>(std::make_unique<int>(value)));
  ++*box;
  return box;
}

// Looks at a Result and forgets it: the child dies first.
template <class T>
void touch(const T&) {}

}  // namespace

TEST_CASE("a result holds its value") {
  Result<int> result = half(8);
  REQUIRE(result);
  CHECK(result.has_value());
  CHECK(result.value() == 4);
  CHECK(*result == 4);
  *result = 5;
  CHECK(std::as_const(result).value() == 5);
  CHECK(*std::as_const(result) == 5);
  CHECK(std::move(result).value() == 5);
}

TEST_CASE("a result holds its error") {
  Result<int> result = half(3);
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.has_value());
  CHECK(result.error().reason() == Reason::malformed_report);
  CHECK(std::as_const(result).error().detail() == "odd");
  const Error moved = std::move(result).error();
  CHECK(moved.detail() == "odd");
}

TEST_CASE("a result reaches into its value by arrow") {
  Result<std::string> result = std::string("abc");
  CHECK(result->size() == 3);
  CHECK(std::as_const(result)->front() == 'a');
}

TEST_CASE("a result of nothing is a success or an error") {
  Result<void> good = positive(1);
  CHECK(good);
  CHECK(good.has_value());
  Result<void> bad = positive(0);
  REQUIRE_FALSE(bad);
  CHECK_FALSE(bad.has_value());
  CHECK(bad.error().reason() == Reason::invalid_config);
  const Error moved = std::move(bad).error();
  CHECK(moved.kind() == Errc::config);
}

TEST_CASE("reading the side that is not there aborts") {
  CHECK(test::signal_of([] { touch(half(3).value()); }) == SIGABRT);
  CHECK(test::signal_of([] { touch(half(2).error()); }) == SIGABRT);
  CHECK(test::signal_of([] { touch(positive(1).error()); }) == SIGABRT);
  CHECK(test::signal_of([] {
          const Result<void> good;
          touch(good.error());
        }) == SIGABRT);
  CHECK(test::signal_of([] { touch(half(2).value()); }) == 0);
}

TEST_CASE("try goes on with the value, or returns the first error at once") {
  int reached = 0;
  CHECK(quarter(12, reached).value() == 3);
  CHECK(reached == 2);
  reached = 0;
  CHECK(test::refused(quarter(6, reached), Reason::malformed_report));
  CHECK(reached == 1);
  reached = 0;
  CHECK(test::refused(quarter(5, reached), Reason::malformed_report));
  CHECK(reached == 0);
}

TEST_CASE("check goes on after a success, or returns the error") {
  int reached = 0;
  CHECK(checked(7, reached).value() == "7");
  CHECK(reached == 1);
  const auto bad = checked(-7, reached);
  CHECK(test::refused(bad, Reason::invalid_config));
  CHECK(bad.error().detail() == "not positive");
  CHECK(reached == 1);
}

TEST_CASE("a result carries what can only be moved") {
  auto result = boxed(41);
  REQUIRE(result);
  const std::unique_ptr<int> box = std::move(result).value();
  CHECK(*box == 42);
}

TEST_CASE("each reason has a unique snake_case code") {
  std::set<std::string_view> seen;
  for (const Reason reason : all_reasons()) {
    const std::string_view text = code(reason);
    CAPTURE(text);
    CHECK(seen.insert(text).second);
    REQUIRE_FALSE(text.empty());
    CHECK((text.front() >= 'a' && text.front() <= 'z'));
    CHECK(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos);
  }
  CHECK(seen.size() == all_reasons().size());
}

TEST_CASE("each reason has one sentence that begins with a capital and ends with a full stop") {
  std::set<std::string_view> seen;
  for (const Reason reason : all_reasons()) {
    const std::string_view text = sentence(reason);
    CAPTURE(text);
    REQUIRE(text.size() > 20);
    CHECK((text.front() >= 'A' && text.front() <= 'Z'));
    CHECK(text.back() == '.');
    CHECK(text.find('\n') == text.npos);
    CHECK(seen.insert(text).second);
  }
}

TEST_CASE("each reason is of the kind that its list names") {
#define RATLS_REASON(code_, errc_, sentence_)    \
  CHECK(errc(Reason::code_) == Errc::errc_);     \
  CHECK(code(Reason::code_) == #code_);          \
  CHECK(sentence(Reason::code_) == (sentence_)); \
  CHECK(Error(Reason::code_).kind() == Errc::errc_);
#include <ratls/core/reasons.def>
#undef RATLS_REASON
}

TEST_CASE("each kind has a name of its own") {
  std::set<std::string_view> seen;
  for (int kind = 0; kind <= static_cast<int>(Errc::internal); ++kind) {
    CHECK(seen.insert(name(static_cast<Errc>(kind))).second);
  }
  CHECK(seen.size() == 11);
  CHECK(name(Errc::internal) == "internal");
}

TEST_CASE("a reason from outside the list reads as internal") {
  const auto stray = static_cast<Reason>(255);
  REQUIRE(all_reasons().size() < 255);
  CHECK(code(stray) == "internal");
  CHECK(errc(stray) == Errc::internal);
}

TEST_CASE("an error says its code, its detail and what to do") {
  const Error bare(Reason::no_time);
  CHECK(bare.detail().empty());
  CHECK(bare.message() ==
        "no_time. The verifier has no clock, so dates cannot be judged; give it a clock.");
  const Error detailed(Reason::no_time, "got 7");
  CHECK(detailed.message() ==
        "no_time: got 7. The verifier has no clock, so dates cannot be judged; give it a clock.");
}

TEST_CASE("an error knows where it was made") {
  const Error here(Reason::internal);
  const int line = __LINE__ - 1;
  CHECK(here.line() == line);
  CHECK(std::string_view(here.file()).ends_with("result_test.cpp"));
}
