// ratls audit: is a broker's log the chain that was written?

#include <charconv>
#include <memory>

#include <ratls/core/json.h>
#include <ratls/services/broker/audit.h>

#include "broker_verbs.h"
#include "channel_options.h"

namespace ratls::cli {

namespace {

struct Options {
  std::string file;
  std::string head;
  bool json = false;
};

// "17:5f2a..."
std::optional<broker::AuditHead> parse_head(const std::string& text) {
  broker::AuditHead out;
  const auto colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const char* begin = text.data();
  const auto parsed = std::from_chars(begin, begin + colon, out.seq);
  const auto hash = broker::LineHash::parse_hex(std::string_view(text).substr(colon + 1));
  if (parsed.ec != std::errc{} || parsed.ptr != begin + colon || !hash) return std::nullopt;
  out.hash = *hash;
  return out;
}

std::string text_of(const broker::AuditSummary& summary, const std::string& file) {
  std::string out = file + ": unbroken, " + std::to_string(summary.head.seq) + " lines, " +
                    std::to_string(summary.releases) + " releases";
  if (summary.files > 1) out += ", in " + std::to_string(summary.files) + " files";
  out += "\n";
  if (summary.head.seq == 0) {
    out +=
        "WARNING it is empty, which proves nothing: a log whose lines were all removed looks the "
        "same, and every broker writes a line when it starts; compare a head that was kept "
        "(--head), or a guest's receipt (ratls audit receipt --log)\n";
  }
  if (!summary.torn.empty()) {
    out += "its last line was torn by a crash (" + std::to_string(summary.torn.size()) +
           " bytes); nothing was released for it, and the broker removes it at its next start\n";
  }
  return out + "head " + std::to_string(summary.head.seq) + ":" + summary.head.hash.hex() +
         "  (keep it elsewhere; --head compares)\n";
}

std::string json_of(const broker::AuditSummary& summary) {
  json::Object out;
  out.text("schema", "ratls.audit_check/1").boolean("unbroken", true);
  out.number("lines", summary.head.seq).number("releases", summary.releases);
  out.boolean("empty", summary.head.seq == 0);
  out.number("files", summary.files)
      .number("torn_bytes", summary.torn.size())
      .text("head", summary.head.hash.hex());
  return out.str() + "\n";
}

Exit check(const Options& options) {
  std::optional<broker::AuditHead> head;
  if (!options.head.empty() && !(head = parse_head(options.head))) {
    return report_stop({Exit::usage, "--head is a line that ratls audit check printed: SEQ:HASH"},
                       options.json);
  }
  const Input there = read_input(options.file, 0);
  if (there.stop && there.stop->exit == Exit::no_input) {
    return report_stop(*there.stop, options.json);
  }
  const auto checked = broker::check_audit(options.file, {}, head);
  if (!checked && options.json) return report_error(checked.error(), true, options.file);
  if (!checked) return report_stop(stop_of(checked.error(), options.file), false);
  return print(options.json ? json_of(*checked) : text_of(*checked, options.file), Exit::ok);
}

}  // namespace

void add_audit(CLI::App& tool, Exit& exit) {
  auto* group = tool.add_subcommand("audit", "Look at a broker's audit log");
  group->require_subcommand(1);
  auto* verb = group->add_subcommand("check", "Follow the chain; names the first broken line");
  const auto options = std::make_shared<Options>();
  verb->add_option("FILE", options->file, "The audit log")->required();
  verb->add_option("--head", options->head,
                   "SEQ:HASH of an earlier check: finds lines that were cut off the end");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(exit_code_help() + "\nEXAMPLES\n  ratls audit check audit.log\n");
  verb->callback([options, &exit] { exit = check(*options); });
  add_audit_receipt(*group, exit);
  group->footer(exit_code_help());
}

}  // namespace ratls::cli
