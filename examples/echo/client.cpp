// A guest that attests itself, sends one line and prints what comes back.
//
//   echo_client --connect 127.0.0.1:4433 --pin sha256//... --report-source sim:DIR --line TEXT

#include <array>
#include <cstdio>

#include <ratls/certgen/sim/guest.h>
#include <ratls/examples/common/arguments.h>
#include <ratls/examples/common/exit_code.h>
#include <ratls/examples/common/steps.h>
#include <ratls/ratls.h>

namespace {

using namespace ratls;

// [README client]
Result<std::string> ask(ReportSource& firmware, const std::string& pin, const std::string& where,
                        const std::string& line) {
  auto attester = std::make_shared<Attester>(firmware);  // owns the report device
  RATLS_CHECK(attester->start());
  RATLS_TRY(const AcceptKey broker, parse_pin(pin));              // from the measured image
  RATLS_TRY(const Address address, Address::parse(where));        // from the host: a hint
  const ClientConfig config(AttestedIdentity(attester), broker);  // who am I, whom do I accept

  auto handshake = connect(address, config);
  RATLS_TRY(Channel channel, std::move(handshake.channel));
  RATLS_CHECK(channel.write(as_bytes(line)));
  std::array<std::uint8_t, 1024> answer{};
  RATLS_TRY(const std::size_t size, channel.read(answer));  // waits for the server's verdict
  RATLS_CHECK(channel.close());
  return to_string(ByteView(answer).first(size));
}
// [README end]

Result<std::string> run(const examples::Arguments& arguments) {
  RATLS_TRY(const std::string where, arguments.need("connect"));
  RATLS_TRY(const std::string pin, arguments.need("pin"));
  RATLS_TRY(const std::string source, arguments.need("report-source"));
  RATLS_TRY(const auto firmware, sim::open_guest(source, {}));
  return ask(*firmware, pin, where, arguments.value_or("line", "hello"));
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments =
      examples::Arguments::parse(argc, argv, {{"connect", "pin", "report-source", "line"}, {}});
  if (!arguments) {
    examples::complain("echo_client", arguments.error().message());
    return examples::kUsage;
  }
  const auto answer = run(*arguments);
  if (!answer) {
    examples::complain("echo_client", answer.error().message());
    return examples::exit_code(answer.error());
  }
  std::puts(answer->c_str());
  return examples::kOk;
}
