// ratls reasons: every code that a refusal can carry.

#include <memory>

#include <ratls/core/json.h>

#include "verbs.h"

namespace ratls::cli {

namespace {

std::string line(Reason reason) {
  std::string out(code(reason));
  if (out.size() < 28) out.append(28 - out.size(), ' ');
  return out + std::string(sentence(reason)) + "\n";
}

std::string object(Reason reason) {
  json::Object out;
  out.text("code", code(reason)).text("kind", name(errc(reason)));
  out.number("exit_code", static_cast<std::uint64_t>(exit_of(reason)));
  return out.text("sentence", sentence(reason)).str();
}

Exit list(bool as_json) {
  std::string text;
  std::vector<std::string> objects;
  for (const Reason reason : all_reasons()) {
    text += line(reason);
    objects.push_back(object(reason));
  }
  json::Object out;
  out.text("schema", "ratls.reasons/1").raw("reasons", json::array(objects));
  return print(as_json ? out.str() + "\n" : text, Exit::ok);
}

}  // namespace

void add_reasons(CLI::App& tool, Exit& exit) {
  auto* reasons = tool.add_subcommand("reasons", "List every reason for a refusal");
  const auto json = std::make_shared<bool>(false);
  reasons->add_flag("--json", *json, "One JSON object, schema ratls.reasons/1");
  reasons->footer(exit_code_help() + "\nEXAMPLES\n  ratls reasons | grep tcb\n");
  reasons->callback([json, &exit] { exit = list(*json); });
}

}  // namespace ratls::cli
