// A guest that asks one attested server many times: a Client keeps the channel that was judged for
// the next line, and judges the server anew where it cannot.
//
//   pool_client --connect 127.0.0.1:4433 --policy policy.json --report-source sim:DIR [--lines 3]

#include <array>
#include <charconv>
#include <cstdio>

#include <ratls/certgen/sim/guest.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/files.h>
#include <ratls/examples/common/steps.h>
#include <ratls/ratls.h>
#include <ratls/verify/policy_json.h>

namespace {

using namespace ratls;

// [README pool]
Result<std::string> ask(Client& client, const std::string& line) {
  auto leased = client.connect(after(std::chrono::seconds(15)));  // one that waits, or a new one
  RATLS_TRY(Lease channel, std::move(leased.lease));
  const std::string which = channel.reused() ? " (the same channel)" : " (a new channel)";
  RATLS_CHECK(channel->write(as_bytes(line)));
  std::string answer;
  std::array<std::uint8_t, 256> bytes{};
  while (answer.size() < line.size()) {
    RATLS_TRY(const std::size_t size, channel->read(bytes));
    if (size == 0) return Error(Reason::connection_closed, "in the middle of an answer");
    answer += to_string(ByteView(bytes).first(size));
  }
  channel.give_back();  // all of the answer was read; every early return above closed the channel
  return answer + which;
}
// [README end]

Result<void> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string where, arguments.need("connect"));
  RATLS_TRY(const Address address, Address::parse(where));
  RATLS_TRY(const std::string path, arguments.need("policy"));
  RATLS_TRY(const Bytes json, examples::read_file(path));
  RATLS_TRY(Policy policy, parse_policy(json));
  RATLS_TRY(const std::string source, arguments.need("report-source"));
  RATLS_TRY(const auto firmware, sim::open_guest(source, {}));
  auto attester = std::make_shared<Attester>(*firmware);
  RATLS_CHECK(attester->start());
  const SystemClock clock;
  const auto verifier = std::make_shared<const Verifier>(std::move(policy), clock);
  Client client(address, ClientConfig(AttestedIdentity(attester), AcceptEvidence{verifier}));
  const std::string lines = arguments.value_or("lines", "3");
  int count = 0;
  std::from_chars(lines.data(), lines.data() + lines.size(), count);
  for (int i = 1; i <= count; ++i) {
    RATLS_TRY(const std::string answer, ask(client, "line " + std::to_string(i)));
    std::puts(answer.c_str());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"connect", "policy", "report-source", "lines"}, {}});
  const auto ended = arguments ? run(*arguments) : Result<void>(arguments.error());
  if (ended) return examples::kOk;
  examples::complain("pool_client", ended.error().message());
  return arguments ? examples::exit_code(ended.error()) : examples::kUsage;
}
