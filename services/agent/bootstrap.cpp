#include <ratls/services/agent/bootstrap.h>

#include <csignal>
#include <utility>

#include <ratls/services/agent/gather.h>
#include <ratls/services/agent/hygiene.h>
#include <ratls/services/agent/parties.h>
#include <ratls/services/agent/secret_files.h>
#include <ratls/services/io/notify.h>

namespace ratls::agent {

namespace {

Result<std::vector<SecretSpec>> to_publish(const GuestConfig& config) {
  std::vector<SecretSpec> out;
  for (const SecretSpec& each : config.secrets) {
    if (each.give_to == GiveTo::egress) continue;
    if (each.give_to == GiveTo::env) {
      return Error(Reason::invalid_config,
                   each.as +
                       ": give_to is env, but bootstrap starts no program that could have "
                       "one; write file or credential");
    }
    out.push_back(each);
  }
  if (!out.empty()) return out;
  return Error(Reason::invalid_config,
               "nothing to publish: no secret of guest.json is given to a file or credential");
}

class Bootstrap {
 public:
  Bootstrap(const Run& what, std::vector<SecretSpec> wanted)
      : what_(what), wanted_(std::move(wanted)) {}

  Result<void> start() {
    io::notify_manager("STATUS=attesting to the broker");
    RATLS_TRY(source_, what_.open_source());
    if (source_->simulated()) what_.log("SIMULATED: a software AMD-SP signs the reports");
    parties_.emplace(what_.folder, *source_);
    RATLS_CHECK(parties_->start(what_.config.instance));
    RATLS_TRY(const ClientConfig channel, parties_->client(what_.config.broker.accept, true));
    RATLS_TRY(const Secrets secrets,
              gather_secrets(what_.config.broker, channel, wanted_, what_.log));
    return publish(secrets);
  }

  void leave_behind() { files_.keep(); }

  void stay() {
    const io::Signals ends(loop_, [this](int) { loop_.stop(); });
    const io::Signals hangs(loop_, {SIGHUP}, [this](int) { fetch_again(); });
    const io::Watchdog watchdog(loop_);
    say_ready("published");
    loop_.run();
    io::notify_manager("STOPPING=1");
  }

 private:
  Result<void> publish(const Secrets& secrets) {
    const auto& agent = what_.config.agent;
    for (const SecretSpec& each : wanted_) {
      auto staged =
          files_.stage(agent.runtime, each.as, *secrets.at(each.as), user_called(agent.user));
      if (staged) continue;
      files_.discard();
      return staged;
    }
    RATLS_CHECK(files_.commit());
    what_.log("published " + std::to_string(wanted_.size()) + " in " + agent.runtime);
    return {};
  }

  void say_ready(const std::string& status) { io::notify_manager("READY=1\nSTATUS=" + status); }

  // What stands there stays until all of the new is here.
  void fetch_again() {
    if (std::exchange(fetching_, true)) {
      again_ = true;
      return;
    }
    io::notify_manager("RELOADING=1");
    auto channel = parties_->client(what_.config.broker.accept, true);
    if (!channel) return fetched(channel.error());
    const auto got = std::make_shared<std::optional<Result<Secrets>>>();
    io::run_in_background(
        loop_,
        [this, got, channel = std::make_shared<const ClientConfig>(std::move(channel).value())] {
          got->emplace(gather_secrets(what_.config.broker, *channel, wanted_, what_.log));
        },
        [this, got] { fetched(std::move(**got)); });
  }

  void fetched(Result<Secrets> got) {
    fetching_ = false;
    const Result<void> done = got ? publish(*got) : Result<void>(got.error());
    if (done) {
      say_ready("published anew");
    } else {
      what_.log("the secrets of before stay: " + done.error().message());
      say_ready("the secrets of before stay: " + std::string(code(done.error().reason())));
    }
    if (std::exchange(again_, false)) fetch_again();
  }

  const Run& what_;
  std::vector<SecretSpec> wanted_;
  std::unique_ptr<ReportSource> source_;
  std::optional<Parties> parties_;
  SecretFiles files_;
  io::Loop loop_;
  bool fetching_ = false;
  bool again_ = false;
};

}  // namespace

Result<void> bootstrap(const Run& what, Stay stay) {
  close_the_house();
  RATLS_TRY(auto wanted, to_publish(what.config));
  if (stay == Stay::until_told) std::signal(SIGHUP, SIG_IGN);  // what is fetched now is new
  Bootstrap errand(what, std::move(wanted));
  if (auto started = errand.start(); !started) {
    io::notify_manager("STATUS=" + started.error().message());
    return started;
  }
  if (stay == Stay::once) {
    errand.leave_behind();
    io::notify_manager("READY=1\nSTATUS=published");
  } else {
    errand.stay();
  }
  return {};
}

}  // namespace ratls::agent
