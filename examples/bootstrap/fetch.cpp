#include "fetch.h"

#include <memory>

#include <ratls/certgen/attester.h>
#include <ratls/channel.h>
#include <ratls/services/http/exchange.h>

namespace ratls::examples {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnswerTime = 20s;

void say(const Event& event, Steps& log) {
  switch (event.kind) {
    case Event::Kind::peer_authenticated:
      log.step("<-- ServerHello ... Finished: the broker's key is the pinned one");
      return;
    case Event::Kind::evidence_requested:
      log.step("made a TLS key; asked the firmware to sign it together with this session");
      return;
    case Event::Kind::evidence_ready:
      log.step("the report is there: REPORT_DATA covers key, session and role");
      return;
    case Event::Kind::handshake_done:
      log.step("--> Certificate with the evidence, CertificateVerify, Finished");
      return;
    case Event::Kind::verdict_received:
      log.step("<-- VERDICT of the broker");
      return;
    case Event::Kind::judged:
      return;
  }
}

}  // namespace

Result<SecretBytes> fetch_secret(ReportSource& source, const AcceptKey& broker,
                                 const Address& address, const kbs::Resource& resource,
                                 Steps& log) {
  auto attester = std::make_shared<Attester>(source);
  RATLS_CHECK(attester->start());
  ClientConfig config(AttestedIdentity(attester), broker);
  config.observer = [&log](const Event& event) { say(event, log); };

  log.restart();
  const Deadline deadline = after(handshake_limit(config));
  RATLS_TRY(auto transport, TcpStream::connect(address, deadline));
  log.step("--> ClientHello to " + address.text());
  auto result = connect_over(std::move(transport), config, deadline);
  if (!result.channel) return std::move(result.channel).error();
  Channel& channel = *result.channel;
  log.note("--> GET " + resource.target());
  auto secret =
      http::get(http::over(channel), address.text(), resource.target(), after(kAnswerTime));
  if (!secret) {
    static_cast<void>(channel.close());  // politeness; the error is what counts
    return secret;
  }
  log.step("<-- 200: accepted, and " + std::to_string(secret->size()) +
           " bytes that are now in locked memory");
  RATLS_CHECK(channel.close());
  return secret;
}

}  // namespace ratls::examples
