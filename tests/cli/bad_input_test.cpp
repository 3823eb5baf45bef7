// What every verb that reads a file does with one that is no good: a sentence that names the file,
// its exit code, and nothing half-applied.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <string>
#include <vector>

#include "tests/cli/tool.h"

namespace ratls {

namespace {

using test::TemporaryFolder;
using test::tool;

struct Verb {
  std::string words;  ///< FILE stands for the file
  std::vector<int> codes;
};

// 64 is a verb's wrong usage, 1 a file that was judged: neither is an answer to these files.
const std::vector<Verb> kVerbs = {
    {"verify cert FILE --policy POLICY", {65, 78}},
    {"verify report FILE --policy POLICY", {65, 78}},
    {"verify cert POLICY --policy FILE", {65, 78}},
    {"inspect cert FILE", {65}},
    {"inspect report FILE", {65}},
    {"inspect crl FILE", {65}},
    {"inspect evidence FILE", {65}},
    {"policy check FILE", {65, 78}},
    {"policy diff FILE POLICY", {65, 78}},
    {"collateral import FILE --store STORE", {65}},
    {"broker check-config --config FILE", {65, 78}},
    {"secret list --config FILE", {65, 78}},
    {"run --config FILE -- true", {125}},
};

std::string repeated(const std::string& what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

class Place {
 public:
  Place() { test::write_file(file("POLICY"), as_bytes(R"({"schema":"ratls.policy/1"})")); }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string command(std::string words) const {
    for (const std::string name : {"FILE", "POLICY", "STORE"}) {
      const auto at = words.find(name);
      if (at != std::string::npos) words.replace(at, name.size(), file(name));
    }
    return words;
  }

 private:
  TemporaryFolder folder_;
};

bool is_one_of(int code, const std::vector<int>& codes) {
  for (const int each : codes) {
    if (each == code) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every verb refuses 16 MB, JSON that is 100,000 deep, and nothing, in a sentence") {
  const std::string content = GENERATE(as<std::string>(), std::string(16777216, 'x'),
                                       repeated("[", 100000) + repeated("]", 100000),
                                       repeated("{\"a\":", 100000), std::string());
  const Place place;
  test::write_file(place.file("FILE"), as_bytes(content));
  for (const Verb& verb : kVerbs) {
    const auto result = tool(place.command(verb.words));
    CAPTURE(verb.words, content.size(), result.output);
    CHECK(is_one_of(result.status, verb.codes));
    CHECK(result.output.find(place.file("")) != std::string::npos);
    CHECK(result.output.size() < 2000);
  }
}

TEST_CASE("every verb says which file is not there, or is a folder") {
  const Place place;
  const std::string other = GENERATE(as<std::string>(), "/nowhere/at/all", "/tmp");
  for (const Verb& verb : kVerbs) {
    std::string words = verb.words;
    words.replace(words.find("FILE"), 4, other);
    const auto result = tool(place.command(words));
    CAPTURE(verb.words, other, result.output);
    // `verify cert` reads what is to be judged first.
    if (words.starts_with("verify cert POLICY")) continue;
    CHECK(result.status == (words.starts_with("run") ? 125 : 66));
    CHECK(result.output.find(other) != std::string::npos);
  }
}

TEST_CASE("a file whose name is a word of the message is named all the same") {
  const Place place;
  test::write_file(place.file("empty"), {});
  const auto result = tool("inspect cert " + place.file("empty"));
  CHECK(result.output.find(place.file("empty") + ": malformed_certificate") != std::string::npos);
}

}  // namespace ratls
