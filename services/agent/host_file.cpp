#include <ratls/services/agent/host_file.h>

#include <string>
#include <string_view>

namespace ratls::agent {
namespace {

Error wrong(std::string what) {
  return Error(Reason::invalid_config, "the host's file: " + std::move(what));
}

/// A cursor over the one shape that is accepted.
class Cursor {
 public:
  explicit Cursor(std::string text) : text_(std::move(text)) {}

  void skip_blanks() {
    constexpr std::string_view kBlanks = " \t\r\n";
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  [[nodiscard]] bool next_is(char c) {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == c;
  }

  Result<void> expect(char c) {
    if (!next_is(c)) return wrong(std::string("expected ") + c + " at byte " + std::to_string(at_));
    ++at_;
    return {};
  }

  Result<std::string> string() {
    RATLS_CHECK(expect('"'));
    std::string out;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const char c = text_[at_];
      if (c < ' ' || c > '~' || c == '\\') {
        return wrong("only plain characters may stand in a string");
      }
      out.push_back(c);
    }
    RATLS_CHECK(expect('"'));
    return out;
  }

  Result<void> end() {
    skip_blanks();
    if (at_ != text_.size()) return wrong("something stands after the object");
    return {};
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// Names the key, so that the operator sees what the host tried.
Error unwelcome(const std::string& key) {
  if (key == "broker") return wrong("the key \"broker\" stands there twice");
  return wrong("the key \"" + key + "\" is refused; the host may give \"broker\" and nothing else");
}

}  // namespace

Result<Address> parse_host_file(ByteView json) {
  if (json.size() > kMaxHostFile) return wrong("longer than 1024 bytes");
  Cursor in(to_string(json));
  RATLS_CHECK(in.expect('{'));
  RATLS_TRY(const std::string key, in.string());
  if (key != "broker") return unwelcome(key);
  RATLS_CHECK(in.expect(':'));
  RATLS_TRY(const std::string address, in.string());
  if (in.next_is(',')) {
    RATLS_CHECK(in.expect(','));
    RATLS_TRY(const std::string second, in.string());
    return unwelcome(second);
  }
  RATLS_CHECK(in.expect('}'));
  RATLS_CHECK(in.end());
  return Address::parse(address);
}

}  // namespace ratls::agent
