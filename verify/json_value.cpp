#include <ratls/verify/json_value.h>

#include <algorithm>
#include <array>
#include <iterator>

#include <nlohmann/json.hpp>

namespace ratls::strict_json {

namespace {

// Counts what the parser has consumed, so that an event can be placed in the file.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CountingIterator(ByteView file, std::size_t at, std::size_t* consumed)
      : file_(file), at_(at), consumed_(consumed) {}
  char operator*() const { return static_cast<char>(file_[at_]); }
  CountingIterator& operator++() {
    *consumed_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  ByteView file_;
  std::size_t at_;
  std::size_t* consumed_;
};

// Builds the tree; every callback returns false to stop. nlohmann's parser keeps its own stack, so
// depth costs nothing before it is refused here.
class Builder {
 public:
  Builder(ByteView file, const std::size_t& consumed) : file_(file), consumed_(consumed) {}

  bool null() { return scalar({}); }
  bool boolean(bool value) {
    JsonValue out;
    out.kind = JsonValue::Kind::boolean;
    out.boolean = value;
    return scalar(std::move(out));
  }
  bool number_unsigned(std::uint64_t value) {
    JsonValue out;
    out.kind = JsonValue::Kind::integer;
    out.integer = value;
    return scalar(std::move(out));
  }
  bool number_integer(std::int64_t) { return other_number(); }
  bool number_float(double, const std::string&) { return other_number(); }
  bool binary(std::vector<std::uint8_t>&) { return false; }
  bool string(std::string& value) {
    JsonValue out;
    out.kind = JsonValue::Kind::text;
    out.text = value;
    return scalar(std::move(out));
  }
  bool start_object(std::size_t) { return open(JsonValue::Kind::object); }
  bool start_array(std::size_t) { return open(JsonValue::Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const std::size_t offset = start_of_token();
    for (const auto& member : open_.back()->members) {
      if (member.key == name)
        return refuse(offset, "a key stands there twice: \"" + shown(name) + "\"");
    }
    open_.back()->members.push_back({name, offset, {}});
    mark();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return refuse(position == 0 ? 0 : position - 1, "not JSON");
  }

  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] std::size_t error_offset() const { return error_offset_; }
  JsonValue take() { return std::move(root_); }

  // Errors never hold raw text from outside beyond plain ASCII.
  static std::string shown(const std::string& text) {
    std::string out = text.substr(0, 64);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return out;
  }

 private:
  bool other_number() {
    JsonValue out;
    out.kind = JsonValue::Kind::other_number;
    return scalar(std::move(out));
  }

  JsonValue* place_value(JsonValue value) {
    value.offset = start_of_token();
    mark();
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    JsonValue& parent = *open_.back();
    if (parent.kind == JsonValue::Kind::array) {
      parent.items.push_back(std::move(value));
      return &parent.items.back();
    }
    parent.members.back().value = std::move(value);
    return &parent.members.back().value;
  }

  bool scalar(JsonValue value) {
    place_value(std::move(value));
    return true;
  }

  bool open(JsonValue::Kind kind) {
    if (open_.size() >= static_cast<std::size_t>(kMaxJsonDepth)) {
      return refuse(start_of_token(), "nested more than 16 deep");
    }
    JsonValue value;
    value.kind = kind;
    open_.push_back(place_value(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    mark();
    return true;
  }

  bool refuse(std::size_t offset, std::string what) {
    if (error_.empty()) {
      error_ = std::move(what);
      error_offset_ = offset;
    }
    return false;
  }

  void mark() { end_of_last_ = consumed_; }

  std::size_t start_of_token() const {
    std::size_t at = end_of_last_;
    constexpr std::string_view kBetween = " \t\r\n,:";
    while (at < file_.size() &&
           kBetween.find(static_cast<char>(file_[at])) != std::string_view::npos) {
      ++at;
    }
    return at;
  }

  ByteView file_;
  const std::size_t& consumed_;
  std::size_t end_of_last_ = 0;
  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string error_;
  std::size_t error_offset_ = 0;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string place(ByteView file, std::size_t offset) {
  const auto end = file.begin() + static_cast<std::ptrdiff_t>(std::min(offset, file.size()));
  const auto lines = std::count(file.begin(), end, std::uint8_t{'\n'});
  const auto last_newline =
      std::find(std::make_reverse_iterator(end), file.rend(), std::uint8_t{'\n'});
  const auto column = end - last_newline.base();
  return "line " + std::to_string(lines + 1) + ", column " + std::to_string(column + 1);
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > 64) return {};
  std::string out;
  std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      out = candidate;
    }
  }
  return out;
}

namespace {

// nlohmann's reader skips a byte order mark, and takes a zero byte for the end of the text, with
// anything behind it; others do neither (RFC 8259, 8.1 and 2).
Result<void> check_bytes(ByteView file, Reason on_error) {
  constexpr std::array<std::uint8_t, 3> kMark{0xef, 0xbb, 0xbf};
  if (file.size() >= kMark.size() && std::equal(kMark.begin(), kMark.end(), file.begin())) {
    return Error(on_error, "line 1, column 1: a byte order mark");
  }
  const auto zero = std::find(file.begin(), file.end(), std::uint8_t{0});
  if (zero == file.end()) return {};
  return Error(on_error,
               place(file, static_cast<std::size_t>(zero - file.begin())) + ": a zero byte");
}

}  // namespace

Result<JsonValue> parse_json(ByteView file, Reason on_error) {
  if (file.size() > kMaxJsonSize) return Error(on_error, "more than 256 KiB");
  RATLS_CHECK(check_bytes(file, on_error));
  std::size_t consumed = 0;
  Builder builder(file, consumed);
  const bool parsed =
      nlohmann::json::sax_parse(CountingIterator(file, 0, &consumed),
                                CountingIterator(file, file.size(), &consumed), &builder);
  if (!parsed) {
    const std::string what = builder.error().empty() ? "not JSON" : builder.error();
    return Error(on_error, place(file, builder.error_offset()) + ": " + what);
  }
  return builder.take();
}

}  // namespace ratls::strict_json
