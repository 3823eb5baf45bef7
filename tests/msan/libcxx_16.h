/// What libc++ 16 lacks of C++20 and this project uses: three-way comparison of std::array and of
/// ranges. Included before everything else where the memory sanitizer is on
/// (cmake/Dependencies.cmake).
#pragma once

#if defined(__cplusplus)
#include <array>
#include <compare>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 170000
namespace std {  // NOLINT(cert-dcl58-cpp)

template <class A, class B>
constexpr strong_ordering lexicographical_compare_three_way(A a, A a_end, B b, B b_end) {
  for (; a != a_end && b != b_end; ++a, ++b) {
    if (const auto order = *a <=> *b; order != 0) return order;
  }
  return a != a_end ? strong_ordering::greater
                    : (b != b_end ? strong_ordering::less : strong_ordering::equal);
}

template <class T, size_t N>
constexpr strong_ordering operator<=>(const array<T, N>& a, const array<T, N>& b) {
  return lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace std
#endif
#endif
