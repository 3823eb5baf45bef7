/// What differs between two policies, put in words as it is found.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <ratls/verify/detail/policy_data.h>
#include <ratls/verify/policy_review.h>

namespace ratls::detail {

/// Collects what differs about one guest, or about the whole.
class Differences {
 public:
  Differences(std::string guest, std::vector<PolicyDifference>& out)
      : guest_(std::move(guest)), out_(out) {}

  void add(PolicyChange change, std::string text) {
    out_.push_back({change, guest_, std::move(text)});
  }

  /// More is stricter.
  template <class T>
  void minimum(std::string_view what, const T& before, const T& after, const std::string& words) {
    if (before == after) return;
    add(after < before ? PolicyChange::widens : PolicyChange::narrows,
        std::string(what) + ": " + words);
  }

  template <class T>
  void allowed(std::string_view what, const Allow<T>& before, const Allow<T>& after) {
    const std::string name(what);
    if (before.is_any() != after.is_any()) {
      add(after.is_any() ? PolicyChange::widens : PolicyChange::narrows,
          name + ": " + (after.is_any() ? "any instead of a list" : "a list instead of any"));
      return;
    }
    values(name, "may be", before.values(), after.values(), PolicyChange::widens);
  }

  template <class List>
  void values(const std::string& what, const std::string& verb, const List& before,
              const List& after, PolicyChange added) {
    const PolicyChange removed =
        added == PolicyChange::widens ? PolicyChange::narrows : PolicyChange::widens;
    for (const auto& value : after) {
      if (!holds(before, value)) add(added, what + " " + verb + " " + text(value));
    }
    for (const auto& value : before) {
      if (!holds(after, value)) add(removed, what + " no longer " + verb + " " + text(value));
    }
  }

  void bits(std::string_view what, std::span<const snp::NamedBit> names, const BitRule& before,
            const BitRule& after) {
    mask(std::string(what) + " must have", snp::bit_names(names, after.must & ~before.must),
         snp::bit_names(names, before.must & ~after.must));
    mask(std::string(what) + " must not have",
         snp::bit_names(names, after.must_not & ~before.must_not),
         snp::bit_names(names, before.must_not & ~after.must_not));
  }

  /// `more` and `less`: names of the bits, "none" without any.
  void mask(const std::string& what, const std::string& more, const std::string& less) {
    if (more != "none") add(PolicyChange::narrows, what + " " + more);
    if (less != "none") add(PolicyChange::widens, what + " no longer " + less);
  }

 private:
  template <class List, class T>
  static bool holds(const List& list, const T& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }
  static std::string text(const std::string& value) { return value; }
  static std::string text(std::uint32_t value) { return std::to_string(value); }
  template <std::size_t N, class Tag>
  static std::string text(const FixedBytes<N, Tag>& value) {
    return value.hex();
  }

  std::string guest_;
  std::vector<PolicyDifference>& out_;
};

}  // namespace ratls::detail
