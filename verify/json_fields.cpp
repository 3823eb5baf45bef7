#include <ratls/verify/json_fields.h>

#include <algorithm>
#include <cstdlib>

namespace ratls::strict_json {

namespace {

// Plain ASCII, short: errors never repeat raw text.
std::string shown(const std::string& text) {
  std::string out = text.substr(0, 64);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return "\"" + out + "\"";
}

Result<void> check_known(const JsonFile& file, const JsonValue::Member& member,
                         std::string_view what, const std::vector<std::string_view>& known) {
  if (std::find(known.begin(), known.end(), member.key) != known.end()) return {};
  const std::string close = nearest(member.key, known);
  std::string text = "unknown key " + shown(member.key) + " in " + std::string(what);
  if (!close.empty()) text += "; did you mean \"" + close + "\"?";
  return file.wrong(member.offset, text);
}

}  // namespace

Error JsonFile::wrong(std::size_t offset, const std::string& what) const {
  return Error(on_error_, place(file_, offset) + ": " + what);
}

Result<std::string> JsonFile::text(const JsonValue& value, std::string_view what) const {
  if (value.kind == JsonValue::Kind::text) return value.text;
  return wrong(value, std::string(what) + " must be a string");
}

Result<bool> JsonFile::boolean(const JsonValue& value, std::string_view what) const {
  if (value.kind == JsonValue::Kind::boolean) return value.boolean;
  return wrong(value, std::string(what) + " must be true or false");
}

Result<std::uint64_t> JsonFile::integer(const JsonValue& value, std::string_view what,
                                        std::uint64_t least, std::uint64_t most) const {
  const bool number = value.kind == JsonValue::Kind::integer;
  if (number && value.integer >= least && value.integer <= most) return value.integer;
  return wrong(value, std::string(what) + " must be a whole number of " + std::to_string(least) +
                          " to " + std::to_string(most));
}

Result<const std::vector<JsonValue>*> JsonFile::list(const JsonValue& value, std::string_view what,
                                                     bool may_be_empty) const {
  if (value.kind != JsonValue::Kind::array)
    return wrong(value, std::string(what) + " must be a list");
  if (!may_be_empty && value.items.empty()) {
    return wrong(value, std::string(what) + " must not be empty");
  }
  return &value.items;
}

Result<JsonFields> JsonFields::open(const JsonFile& file, const JsonValue& value,
                                    std::string_view what,
                                    const std::vector<std::string_view>& required,
                                    const std::vector<std::string_view>& optional) {
  if (value.kind != JsonValue::Kind::object) {
    return file.wrong(value, std::string(what) + " must be an object");
  }
  std::vector<std::string_view> known = required;
  known.insert(known.end(), optional.begin(), optional.end());
  for (const auto& member : value.members) RATLS_CHECK(check_known(file, member, what, known));
  const JsonFields out(value);
  for (const std::string_view key : required) {
    if (out.find(key) == nullptr) {
      return file.wrong(value, "\"" + std::string(key) + "\" is missing in " + std::string(what));
    }
  }
  return out;
}

const JsonValue* JsonFields::find(std::string_view key) const noexcept {
  for (const auto& member : value_->members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const JsonValue& JsonFields::at(std::string_view key) const {
  const JsonValue* value = find(key);
  if (value == nullptr) std::abort();  // open() has seen every required key
  return *value;
}

}  // namespace ratls::strict_json
