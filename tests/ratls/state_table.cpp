#include "state_table.h"

#include <map>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "../support/files.h"

namespace ratls::test {

namespace {

using State = Session::State;

const std::map<std::string, State> kStates{{"handshaking", State::handshaking},
                                           {"awaiting_evidence", State::awaiting_evidence},
                                           {"open", State::open},
                                           {"refusing", State::refusing},
                                           {"closed", State::closed},
                                           {"failed", State::failed}};

std::string word_between(std::string_view line, std::size_t from) {
  const std::size_t begin = line.find('`', from);
  if (begin == std::string_view::npos) return {};
  return std::string(line.substr(begin + 1, line.find('`', begin + 1) - begin - 1));
}

// A row is "| `from` | what | `to` |"; an empty first column goes on with the state above.
Edges edges_of(bool framed) {
  const auto file = read_file(RATLS_SOURCE_DIR "/docs/state-machine.md");
  REQUIRE(file);
  const std::string text = to_string(*file);
  Edges out;
  std::string from;
  for (std::size_t at = text.find("| `handshaking`"); text.at(at) == '|';) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("| `")) from = word_between(line, 0);
    const std::string to = word_between(line, line.rfind('|', line.size() - 2));
    if (to.empty() || (line.find("| framed: ") != std::string::npos && !framed)) continue;
    REQUIRE(kStates.contains(from));
    REQUIRE(kStates.contains(to));
    out.emplace(kStates.at(from), kStates.at(to));
  }
  REQUIRE(out.size() >= 8);
  return out;
}

}  // namespace

Edges documented_edges() {
  return edges_of(false);
}

Edges documented_framed_edges() {
  return edges_of(true);
}

bool reachable(const Edges& edges, State from, State to) {
  std::set<State> seen{from};
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [a, b] : edges) grown = (seen.contains(a) && seen.insert(b).second) || grown;
  }
  return seen.contains(to);
}

}  // namespace ratls::test
