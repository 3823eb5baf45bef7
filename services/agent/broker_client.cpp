#include <ratls/services/agent/broker_client.h>

#include <ratls/channel.h>
#include <ratls/services/http/exchange.h>

namespace ratls::agent {

namespace {
using namespace std::chrono_literals;
constexpr auto kAnswerTime = 20s;
}  // namespace

Result<SecretBytes> fetch_secret(const ClientConfig& config, const Address& broker,
                                 const Resource& resource) {
  auto opened = connect(broker, config);
  if (!opened.channel) return std::move(opened.channel).error();
  auto secret =
      http::get(http::over(*opened.channel), broker.text(), resource.target(), after(kAnswerTime));
  // An orderly end is politeness; whether the secret came is what counts.
  static_cast<void>(opened.channel->close());
  return secret;
}

}  // namespace ratls::agent
