#include <ratls/services/agent/renewal.h>

#include <utility>

#include <ratls/services/io/notify.h>
#include <ratls/services/status/exposition.h>

namespace ratls::agent {

namespace {

// Those that can still be given to somebody.
std::vector<SecretSpec> renewable(const GuestConfig& config) {
  std::vector<SecretSpec> out;
  for (const SecretSpec& each : config.secrets) {
    if (each.give_to != GiveTo::env) out.push_back(each);
  }
  return out;
}

bool same_place(const std::optional<io::Endpoint>& a, const std::optional<io::Endpoint>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->text() == b->text();
}

/// What one fetch works with, on a thread of its own.
struct Errand {
  GuestConfig config;
  ClientConfig channel;
  std::function<void(const std::string&)> log;
  std::optional<Result<Secrets>> got;

  void run() { got.emplace(gather_secrets(config.broker, channel, renewable(config), log)); }
};

}  // namespace

Result<void> check_replaceable(const GuestConfig& before, const GuestConfig& now) {
  const auto fixed = [](const std::string& what) {
    return Error(Reason::invalid_config, what + " cannot change while the program runs; restart");
  };
  if (now.agent != before.agent) return fixed("agent");
  if (now.report_source != before.report_source) return fixed("report_source");
  if (now.instance != before.instance) return fixed("instance");
  if (now.egress.has_value() != before.egress.has_value()) return fixed("egress");
  if (!now.egress) return {};
  if (!same_place(now.egress->listen, before.egress->listen)) return fixed("egress.listen");
  if (!same_place(now.egress->status, before.egress->status)) return fixed("egress.status");
  if (now.egress->tunnels.empty() != before.egress->tunnels.empty()) {
    return fixed("whether there are tunnels, which the program's HTTPS_PROXY says,");
  }
  return {};
}

void Renewal::begin() {
  if (std::exchange(busy_, true)) {
    again_ = true;
    return;
  }
  io::notify_manager("RELOADING=1");
  if (auto begun = fetch(); !begun) over(begun);
}

Result<void> Renewal::fetch() {
  RATLS_TRY(GuestConfig config, what_.read_config());
  RATLS_CHECK(check_replaceable(what_.config, config));
  parties_.read_anew();
  RATLS_TRY(ClientConfig channel, parties_.client(config.broker.accept, true));
  const auto errand =
      std::make_shared<Errand>(Errand{std::move(config), std::move(channel), what_.log, {}});
  io::run_in_background(
      loop_, [errand] { errand->run(); },
      [errand, self = std::weak_ptr<Renewal*>(self_)] {
        const auto alive = self.lock();
        if (!alive) return;
        const auto& got = *errand->got;
        (*alive)->over(got ? (*alive)->install_(errand->config, *got) : got.error());
      });
  return {};
}

void Renewal::over(const Result<void>& done) {
  busy_ = false;
  ++(done ? renewed_ : refused_);
  what_.log(done ? "reload: configuration, policies and secrets are new"
                 : "reload REFUSED, what was in force stays: " + done.error().message());
  io::notify_manager("READY=1");
  if (std::exchange(again_, false)) begin();
}

std::string Renewal::metrics() const {
  const std::string name = "ratls_reloads_total";
  std::string out;
  status::head(out, name, "counter", "Reloads by SIGHUP.");
  status::line(out, name + "{result=\"renewed\"}", std::to_string(renewed_));
  status::line(out, name + "{result=\"refused\"}", std::to_string(refused_));
  return out;
}

}  // namespace ratls::agent
