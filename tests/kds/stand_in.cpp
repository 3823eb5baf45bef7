#include "stand_in.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include <ratls/core/base64.h>

#include "../support/sim_folder.h"

namespace ratls::test {
namespace {

constexpr Timestamp kListed{1790812800};  // 2026-10-01

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::cerr << result.error().message() << '\n';
    std::abort();
  }
  return std::move(result).value();
}

[[noreturn]] void give_up(const std::string& what) {
  std::cerr << what << '\n';
  std::abort();
}

// {"good": 35255, ...}: names without quotes in them, and numbers.
std::map<std::string, int> read_ports(const std::string& text) {
  std::map<std::string, int> out;
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at)) {
    const std::size_t end = text.find('"', at + 1);
    const std::string name = text.substr(at + 1, end - at - 1);
    out[name] = std::stoi(text.substr(text.find(':', end) + 1));
    at = end + 1;
  }
  return out;
}

std::string pem(ByteView der) {
  const std::string text = to_base64(der);
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < text.size(); at += 64) out += text.substr(at, 64) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

sim::Authority& authority() {
  static sim::Authority out = open_authority();
  return out;
}

}  // namespace

StandIn::StandIn() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) give_up("no pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
  std::string program = RATLS_PYTHON;
  std::string script = std::string(RATLS_SOURCE_DIR) + "/tests/kds/stand_in.py";
  std::string no_cache = "-B";
  std::string folder = folder_.path();
  std::array<char*, 5> argv{program.data(), no_cache.data(), script.data(), folder.data(), nullptr};
  const int wrong =
      ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  leash_ = ends[1];
  if (wrong != 0) give_up("cannot start " + program);
  const auto ready = folder_.file("ports.json");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!std::filesystem::exists(ready)) {
    if (std::chrono::steady_clock::now() > until || ::waitpid(pid_, nullptr, WNOHANG) != 0) {
      give_up("stand_in.py did not start; run it by hand to see why");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ports_ = read_ports(to_string(read_file(ready).value()));
}

StandIn::~StandIn() {
  ::close(leash_);
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

std::string StandIn::url(const std::string& fault, const std::string& server) const {
  return "https://localhost:" + std::to_string(port(server)) + "/" + fault;
}

void StandIn::serve(const std::string& name, ByteView content) const {
  write_file(folder_.file("answers/" + name), content);
}

std::vector<std::string> StandIn::requests(const std::string& text) const {
  std::ifstream in(folder_.file("requests.log"));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    if (line.find(text) != std::string::npos) out.push_back(line);
  }
  return out;
}

StandIn& stand_in() {
  static StandIn out;
  static const bool filled = [] {
    EndorsementQuery other = kds_query();
    other.chip_id = *snp::ChipId::from(authority().chip_id(sim::Product::milan, "chip-1").view());
    out.serve("vcek", simulated_vcek(kds_query()));
    out.serve("other", simulated_vcek(other));
    out.serve("crl", simulated_crl({SimWorld::now().unix_seconds + 86400}));
    out.serve("chain", as_bytes(simulated_chain()));
    return true;
  }();
  static_cast<void>(filled);
  return out;
}

EndorsementQuery kds_query() {
  EndorsementQuery out;
  out.line = snp::ProductLine::milan;
  out.chip_id = *snp::ChipId::from(authority().chip_id(sim::Product::milan, "chip-0").view());
  out.reported_tcb.bootloader = 4;
  out.reported_tcb.snp = 27;
  out.reported_tcb.microcode = 222;
  return out;
}

CrlQuery kds_crl_query() {
  return {snp::ProductLine::milan, snp::SigningKeyKind::vcek, {}};
}

RootOfTrust kds_roots(sim::Product product) {
  const sim::Roots roots = need(authority().roots(product));
  SimulatorRoot root;
  root.line = snp::line_of(*snp::parse_product(sim::name(product)));
  root.ark = roots.ark;
  root.ask = roots.ask;
  root.asvk = roots.asvk;
  return need(RootOfTrust::amd_and_simulators({root}));
}

Bytes simulated_vcek(const EndorsementQuery& query, Timestamp from) {
  sim::VcekOptions options;
  options.chip_id = *sim::ChipId::from(query.chip_id.view());
  const snp::Tcb& tcb = query.reported_tcb;
  options.tcb = {0, tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode};
  options.not_before = from;
  return need(authority().vcek(options)).certificate;
}

Bytes simulated_crl(Timestamp until, std::uint64_t number) {
  sim::CrlOptions options;
  options.this_update = kListed;
  options.next_update = until;
  options.number = number;
  return need(authority().crl(sim::Product::milan, options));
}

std::string simulated_chain() {
  return pem(need(authority().certificate(sim::Product::milan, sim::Ca::ask))) +
         pem(need(authority().certificate(sim::Product::milan, sim::Ca::ark)));
}

KdsOptions kds_options(const std::string& fault, const std::string& server) {
  KdsOptions out;
  out.base_url = stand_in().url(fault, server);
  out.ca_file = stand_in().ca_file();
  out.pace = std::chrono::milliseconds(0);
  out.limit = std::chrono::milliseconds(2000);
  return out;
}

std::unique_ptr<KdsClient> kds_client(KdsOptions options) {
  return need(KdsClient::create(std::move(options), kds_roots(), kds_clock()));
}

const Clock& kds_clock() {
  static const FixedClock clock{SimWorld::now()};
  return clock;
}

}  // namespace ratls::test
