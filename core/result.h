/// Result<T>: a value or an Error, and it must be looked at.
#pragma once

#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include <ratls/core/error.h>

namespace ratls {

/// A T or an Error. Where memory runs out, functions of core, verify and certgen let std::bad_alloc
/// pass and leave everything as it was; sessions, channels, servers and whatever runs in a thread
/// of the library's own make it an Error with reason out_of_memory. Spelled like std::expected, so
/// that it can be exchanged for it. Reading the side that is not there is a bug and aborts; it
/// never throws.
template <class T>
class [[nodiscard("a dropped Result is a skipped check")]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & { return *require(std::get_if<0>(&state_)); }
  [[nodiscard]] const T& value() const& { return *require(std::get_if<0>(&state_)); }
  [[nodiscard]] T&& value() && { return std::move(*require(std::get_if<0>(&state_))); }
  [[nodiscard]] Error& error() & { return *require(std::get_if<1>(&state_)); }
  [[nodiscard]] const Error& error() const& { return *require(std::get_if<1>(&state_)); }
  [[nodiscard]] Error&& error() && { return std::move(*require(std::get_if<1>(&state_))); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  template <class P>
  static P* require(P* side) noexcept {
    if (side == nullptr) std::abort();
    return side;
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard("a dropped Result is a skipped check")]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const Error& error() const& { return *require(); }
  [[nodiscard]] Error&& error() && { return std::move(*require()); }

 private:
  const Error* require() const noexcept {
    if (!error_) std::abort();
    return &*error_;
  }
  Error* require() noexcept {
    if (!error_) std::abort();
    return &*error_;
  }

  std::optional<Error> error_;
};

}  // namespace ratls

#define RATLS_CONCAT_(a, b) a##b
#define RATLS_CONCAT(a, b) RATLS_CONCAT_(a, b)
#define RATLS_TRY_(result, declaration, expression) \
  auto result = (expression);                       \
  if (!result) return std::move(result).error();    \
  declaration = std::move(result).value()

/// RATLS_TRY(auto x, expression): x is the value, or the enclosing function returns the error.
#define RATLS_TRY(declaration, expression) \
  RATLS_TRY_(RATLS_CONCAT(ratls_result_, __LINE__), declaration, expression)

/// RATLS_CHECK(expression): returns the error of a Result<void>, or goes on.
#define RATLS_CHECK(expression)                              \
  do {                                                       \
    if (auto ratls_checked = (expression); !ratls_checked) { \
      return std::move(ratls_checked).error();               \
    }                                                        \
  } while (false)
