#include <ratls/services/agent/run.h>

#include <utility>

#include <ratls/services/agent/gather.h>
#include <ratls/services/agent/hygiene.h>
#include <ratls/services/agent/plan.h>
#include <ratls/services/agent/process.h>
#include <ratls/services/agent/secret_files.h>
#include <ratls/services/agent/supervisor.h>
#include <ratls/services/agent/variables.h>
#include <ratls/services/egress/service.h>

namespace ratls::agent {

namespace {

std::string line_of(const egress::Said& said) {
  if (!said.blocked.empty()) return "egress: BLOCKED " + said.blocked;
  std::string out = "egress: " + said.method + " " + said.upstream + " " +
                    (said.status == 0 ? "-" : std::to_string(said.status));
  out += said.tunnel ? " tunnel, unattested" : said.attested ? " attested" : " UNATTESTED";
  if (said.first_byte.count() > 0) {
    out += ", first byte after " + std::to_string(said.first_byte.count()) + " us";
  }
  return said.error ? out + ", " + said.error->message() : out;
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
    if (what_.command.empty()) return {};
    supervisor_.emplace();
    const auto& config = what_.config;
    const std::uint16_t port =
        config.egress && config.agent.isolated ? config.egress->listen.port : std::uint16_t{0};
    RATLS_TRY(Process process,
              Process::prepare({what_.command, config.agent.isolated, port, config.agent.user}));
    process_.emplace(std::move(process));
    what_.log(config.agent.isolated
                  ? "the program's process waits in a network of its own"
                  : "WARNING: \"net\" is \"open\": the program may reach anything, unseen");
    return {};
  }

  Result<void> furnish() {
    RATLS_TRY(source_, what_.open_source());
    if (source_->simulated()) what_.log("SIMULATED: a software AMD-SP signs the reports");
    parties_.emplace(what_.folder, *source_);
    RATLS_CHECK(parties_->start());
    RATLS_CHECK(fetch_secrets());
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

  Result<void> open_egress(const EgressSpec& spec) {
    RATLS_TRY(plan_, plan_egress(spec, *parties_, secrets_));
    loop_.emplace();
    service_.emplace(*loop_, plan_, egress::Limits{},
                     [this](const egress::Said& said) { what_.log(line_of(said)); });
    const int inside = process_ ? process_->take_listener() : -1;
    if (inside >= 0) {
      RATLS_CHECK(service_->adopt(Descriptor(inside)));
    } else {
      RATLS_CHECK(service_->listen(io::Endpoint{spec.listen, {}}));
    }
    for (const auto& route : plan_.routes) {
      if (!route.upstream->attested) {
        what_.log("WARNING: " + route.upstream->name + " is not attested: it reads every prompt");
      }
    }
    what_.log("egress on " + spec.listen.text());
    service_->warm();
    return {};
  }

  Ended serve() {
    if (!service_) return failed(Error(Reason::invalid_config, "guest.json has no egress"));
    const io::Signals signals(*loop_, [this](int) { service_->stop(); });
    loop_->run();
    return {};
  }

  Result<void> hand_over() {
    std::map<std::string, const SecretBytes*> given;
    for (const SecretSpec& each : what_.config.secrets) {
      const SecretBytes& secret = *secrets_.at(each.as);
      if (each.give_to == GiveTo::env) given[each.as] = &secret;
      if (each.give_to == GiveTo::file || each.give_to == GiveTo::credential) {
        RATLS_CHECK(files_.stage(what_.config.agent.runtime, each.as, secret,
                                 user_called(what_.config.agent.user)));
      }
    }
    RATLS_CHECK(files_.commit());
    return process_->start(variables_for(what_.config, process_->home()), given);
  }

  Ended accompany() {
    if (auto started = hand_over(); !started) {
      const auto& error = started.error();
      if (error.reason() != Reason::exec_failed) return failed(error);
      const bool absent = error.detail().find("No such file") != std::string::npos;
      return {absent ? kNotFound : kNotExecutable,
              Error(Reason::exec_failed, what_.command.front() + ": " + error.detail())};
    }
    what_.log("started " + what_.command.front());
    if (!loop_) loop_.emplace();
    int code = 0;
    const auto inbox = loop_->inbox();
    supervisor_->watch(process_->pid(), [this, inbox, &code](int ended) {
      inbox->post([this, &code, ended] {
        code = ended;
        loop_->stop();
      });
    });
    loop_->run();
    return {code, std::nullopt};
  }

  const Run& what_;
  std::optional<Supervisor> supervisor_;
  std::optional<Process> process_;
  std::unique_ptr<ReportSource> source_;
  std::optional<Parties> parties_;
  Secrets secrets_;
  SecretFiles files_;
  egress::Plan plan_;
  std::optional<io::Loop> loop_;
  std::optional<egress::Service> service_;
};

}  // namespace

Ended run(const Run& what) {
  return House(what).live();
}

}  // namespace ratls::agent
