#include <ratls/services/agent/run.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include <ratls/services/agent/gather.h>
#include <ratls/services/agent/hygiene.h>
#include <ratls/services/agent/plan.h>
#include <ratls/services/agent/process.h>
#include <ratls/services/agent/renewal.h>
#include <ratls/services/agent/report_count.h>
#include <ratls/services/agent/secret_files.h>
#include <ratls/services/agent/supervisor.h>
#include <ratls/services/agent/variables.h>
#include <ratls/services/egress/service.h>
#include <ratls/services/io/notify.h>

namespace ratls::agent {

namespace {

constexpr std::size_t kLongestName = 259;  // a host's 253 characters, and a port

std::string line_of(const egress::Said& said) {
  if (!said.blocked.empty()) {
    return "egress: BLOCKED " + said.blocked.substr(0, kLongestName) + " (said once)";
  }
  std::string out = "egress: " + said.method + " " + said.upstream + " " +
                    (said.status == 0 ? "-" : std::to_string(said.status));
  out += said.tunnel ? " tunnel, unattested" : said.attested ? " attested" : " UNATTESTED";
  if (said.first_byte.count() > 0) {
    out += ", first byte after " + std::to_string(said.first_byte.count()) + " us";
  }
  return said.error ? out + ", " + said.error->message() : out;
}

// The egress of a program is what its environment says: a port on its own loopback.
Result<void> check_listen(const GuestConfig& config) {
  if (!config.egress) return {};
  const io::Endpoint& at = config.egress->listen;
  const bool fits = !at.is_unix() && at.address.port != 0 &&
                    (!config.agent.isolated || at.address.host == "127.0.0.1");
  if (fits) return {};
  return Error(Reason::invalid_config,
               "egress.listen: the program finds it at 127.0.0.1:PORT, with a port that is not 0");
}

bool is_file(const SecretSpec& secret) {
  return secret.give_to == GiveTo::file || secret.give_to == GiveTo::credential;
}

bool is_renewable(const GuestConfig& config) {
  return config.egress || std::any_of(config.secrets.begin(), config.secrets.end(), is_file);
}

/// The parts of a run, in the order in which they are made.
class House {
 public:
  explicit House(const Run& what) : what_(what) {}

  Ended live() {
    if (auto ready = prepare(); !ready) return failed(ready.error());
    if (auto ready = furnish(); !ready) return failed(ready.error());
    return what_.command.empty() ? serve() : accompany();
  }

 private:
  static Ended failed(Error error) { return {kFailedBeforeExec, std::move(error)}; }

  // While there is one thread and no secret.
  Result<void> prepare() {
    close_the_house();
    if (what_.command.empty()) {
      std::signal(SIGHUP, SIG_IGN);  // what is read and fetched now is new
      return {};
    }
    supervisor_.emplace();
    const auto& config = what_.config;
    RATLS_CHECK(check_listen(config));
    const bool inside = config.egress && config.agent.isolated;
    const std::uint16_t port = inside ? config.egress->listen.address.port : std::uint16_t{0};
    RATLS_TRY(Process process,
              Process::prepare({what_.command, config.agent.isolated, port, config.agent.user}));
    process_.emplace(std::move(process));
    what_.log(config.agent.isolated
                  ? "the program's process waits in a network of its own"
                  : "WARNING: \"net\" is \"open\": the program may reach anything, unseen");
    return {};
  }

  Result<void> furnish() {
    RATLS_TRY(auto source, what_.open_source());
    source_.emplace(std::move(source));
    if (source_->simulated()) what_.log("SIMULATED: a software AMD-SP signs the reports");
    parties_.emplace(what_.folder, *source_);
    RATLS_CHECK(parties_->start(what_.config.instance));
    RATLS_CHECK(fetch_secrets());
    loop_.emplace();
    renewal_.emplace(*loop_, what_, *parties_,
                     [this](const GuestConfig& config, const Secrets& secrets) {
                       return renew(config, secrets);
                     });
    // From here on it is a reload; it begins when the loop turns.
    if (what_.command.empty()) {
      hangs_.emplace(*loop_, std::vector<int>{SIGHUP}, [this](int) { renewal_->begin(); });
    }
    if (what_.config.egress) RATLS_CHECK(open_egress(*what_.config.egress));
    return {};
  }

  Result<void> fetch_secrets() {
    const auto& config = what_.config;
    if (config.secrets.empty()) return {};
    RATLS_TRY(const ClientConfig channel, parties_->client(config.broker.accept, true));
    RATLS_TRY(secrets_, gather_secrets(config.broker, channel, config.secrets, what_.log));
    return {};
  }

  Result<std::shared_ptr<const egress::Plan>> make_plan(const EgressSpec& spec,
                                                        const Secrets& secrets) {
    RATLS_TRY(egress::Plan plan, plan_egress(spec, *parties_, secrets));
    return std::make_shared<const egress::Plan>(std::move(plan));
  }

  Result<void> open_egress(const EgressSpec& spec) {
    RATLS_TRY(const auto plan, make_plan(spec, secrets_));
    service_.emplace(*loop_, parties_->clock(), plan, egress::Limits{},
                     [this](const egress::Said& said) { what_.log(line_of(said)); });
    const int inside = process_ ? process_->take_listener() : -1;
    if (inside >= 0) {
      RATLS_CHECK(service_->adopt(Descriptor(inside)));
    } else {
      RATLS_CHECK(service_->listen(
          spec.listen, what_.unsafe_listen ? egress::Reach::anywhere : egress::Reach::local));
    }
    if (!spec.listen.is_local()) {
      what_.log("WARNING: whoever reaches " + service_->where() + " speaks with this guest's keys");
    }
    if (spec.status) {
      RATLS_CHECK(service_->open_status(
          *spec.status, [this] { return source_->metrics() + renewal_->metrics(); }));
      what_.log("status on " + service_->status_where());
    }
    warn_of(*plan);
    what_.log("egress on " + service_->where());
    service_->warm();
    return {};
  }

  void warn_of(const egress::Plan& plan) {
    for (const auto& route : plan.routes) {
      if (route.upstream->attested) continue;
      what_.log("WARNING: " + route.upstream->name + " is not attested: it reads every prompt");
    }
    for (const auto& [where, upstream] : plan.tunnels) {
      what_.log("WARNING: the tunnel to " + where +
                " is not attested: it reads what is sent there");
    }
  }

  Ended serve() {
    if (!service_) return failed(Error(Reason::invalid_config, "guest.json has no egress"));
    const io::Signals ends(*loop_, [this](int) { service_->stop(); });
    const io::Watchdog watchdog(*loop_);
    io::notify_manager("READY=1");
    loop_->run();
    io::notify_manager("STOPPING=1");
    return {};
  }

  Result<void> publish(const GuestConfig& config, const Secrets& secrets) {
    for (const SecretSpec& each : config.secrets) {
      if (!is_file(each)) continue;
      auto staged = files_.stage(config.agent.runtime, each.as, *secrets.at(each.as),
                                 user_called(config.agent.user));
      if (staged) continue;
      files_.discard();
      return staged;
    }
    return files_.commit();
  }

  Result<void> hand_over() {
    std::map<std::string, const SecretBytes*> given;
    for (const SecretSpec& each : what_.config.secrets) {
      if (each.give_to == GiveTo::env) given[each.as] = secrets_.at(each.as).get();
    }
    RATLS_CHECK(publish(what_.config, secrets_));
    return process_->start(variables_for(what_.config, process_->home()), given);
  }

  // The new plan is made before anything of the old one is touched.
  Result<void> renew(const GuestConfig& config, const Secrets& secrets) {
    std::shared_ptr<const egress::Plan> plan;
    if (config.egress) {
      RATLS_TRY(plan, make_plan(*config.egress, secrets));
    }
    if (process_) RATLS_CHECK(publish(config, secrets));
    if (!plan) return {};
    warn_of(*plan);
    service_->replace(plan);
    return {};
  }

  Ended accompany() {
    if (auto started = hand_over(); !started) {
      const auto& error = started.error();
      if (error.reason() != Reason::exec_failed) return failed(error);
      const bool absent = error.detail().find("No such file") != std::string::npos;
      return {absent ? kNotFound : kNotExecutable,
              Error(Reason::exec_failed, what_.command.front() + ": " + error.detail())};
    }
    secrets_.clear();  // the egress has its own
    what_.log("started " + what_.command.front());
    int code = 0;
    const auto inbox = loop_->inbox();
    const auto ended = [this, inbox, &code](int with) {
      inbox->post([this, &code, with] {
        code = with;
        loop_->stop();
      });
    };
    std::function<void()> hangup;
    if (is_renewable(what_.config)) {
      hangup = [this, inbox] { inbox->post([this] { renewal_->begin(); }); };
    }
    supervisor_->watch(process_->pid(), ended, hangup);
    loop_->run();
    return {code, std::nullopt};
  }

  const Run& what_;
  std::optional<Supervisor> supervisor_;
  std::optional<Process> process_;
  std::optional<CountedSource> source_;
  std::optional<Parties> parties_;
  Secrets secrets_;
  SecretFiles files_;
  std::optional<io::Loop> loop_;
  std::optional<Renewal> renewal_;
  std::optional<io::Signals> hangs_;
  std::optional<egress::Service> service_;
};

}  // namespace

Ended run(const Run& what) {
  return House(what).live();
}

}  // namespace ratls::agent
