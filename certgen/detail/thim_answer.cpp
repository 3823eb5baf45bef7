// What THIM answers: one flat JSON object.
#include <ratls/certgen/detail/thim.h>

#include <optional>
#include <string>
#include <string_view>

#include <ratls/core/pem.h>

namespace ratls::detail {

namespace {

constexpr std::string_view kLeaf = "vcekCert";

Error malformed(std::string_view what) {
  return Error(Reason::malformed_endorsement,
               "the metadata service's answer: " + std::string(what));
}

/// A cursor over RFC 8259 without nesting: certgen has no JSON parser, and needs one member.
class FlatJson {
 public:
  explicit FlatJson(std::string_view text) noexcept : text_(text) {}

  /// Skips blanks, then takes `wanted` where it stands there.
  bool take(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  Result<std::string> text() {
    if (!take('"')) return malformed("a text is missing");
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) return malformed("a control character in a text");
      if (c != '\\') {
        out += c;
        continue;
      }
      RATLS_TRY(const char meant, escaped());
      out += meant;
    }
    return malformed("a text without its end");
  }

  /// A number, true, false or null, which nobody needs.
  Result<void> skip_word() {
    skip_blanks();
    const std::size_t end = text_.find_first_of(" \t\r\n,}", at_);
    const std::string_view word =
        text_.substr(at_, end == std::string_view::npos ? end : end - at_);
    constexpr std::string_view kAllowed = "0123456789+-.eEtrufalsn";
    if (word.empty() || word.find_first_not_of(kAllowed) != std::string_view::npos) {
      return malformed("a value that is neither a text nor a number");
    }
    at_ += word.size();
    return {};
  }

  [[nodiscard]] bool next_is_text() {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == '"';
  }
  [[nodiscard]] bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }

 private:
  void skip_blanks() {
    const std::size_t next = text_.find_first_not_of(" \t\r\n", at_);
    at_ = next == std::string_view::npos ? text_.size() : next;
  }

  Result<char> escaped() {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char name = at_ < text_.size() ? text_[at_++] : '\0';
    if (name == 'u') return four_digits();
    const std::size_t index = kNames.find(name);
    if (name == '\0' || index == std::string_view::npos) return malformed("an unknown escape");
    return kMeant[index];
  }

  // PEM is ASCII; what is not becomes a question mark.
  Result<char> four_digits() {
    const auto bytes = from_hex(text_.substr(at_, 4));
    if (!bytes || bytes->size() != 2) return malformed("an escape without four digits");
    at_ += 4;
    const bool ascii = bytes->at(0) == 0 && bytes->at(1) < 0x80;
    return ascii ? static_cast<char>(bytes->at(1)) : '?';
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<void> read_member(FlatJson& json, std::optional<std::string>& leaf) {
  RATLS_TRY(const std::string key, json.text());
  if (!json.take(':')) return malformed("a colon is missing");
  if (!json.next_is_text()) return json.skip_word();
  RATLS_TRY(std::string value, json.text());
  if (key != kLeaf) return {};
  if (leaf) return malformed("vcekCert stands in it twice");
  leaf = std::move(value);
  return {};
}

Result<std::string> leaf_text(std::string_view answer) {
  FlatJson json(answer);
  std::optional<std::string> leaf;
  if (!json.take('{')) return malformed("it is no JSON object");
  if (!json.take('}')) {
    do {
      RATLS_CHECK(read_member(json, leaf));
    } while (json.take(','));
    if (!json.take('}')) return malformed("the object has no end");
  }
  if (!json.at_end()) return malformed("something stands behind the object");
  if (!leaf) return malformed("it holds no vcekCert");
  return *std::move(leaf);
}

}  // namespace

Result<Bytes> read_thim_leaf(ByteView answer) {
  if (answer.size() > kMaxThimAnswer) return malformed("it is too long");
  RATLS_TRY(const std::string pem, leaf_text(to_string(answer)));
  auto blocks = read_pem(as_bytes(pem), "CERTIFICATE", Reason::malformed_endorsement);
  if (!blocks) return malformed("vcekCert is not PEM: " + std::string(blocks.error().detail()));
  if (blocks->size() != 1) return malformed("vcekCert is not one certificate");
  if (blocks->front().size() > kMaxThimLeaf) return malformed("vcekCert is too large");
  return std::move(blocks->front());
}

}  // namespace ratls::detail
