/// A session, an honest peer, and everything that can happen to the two: what state_walk_test.cpp
/// walks over.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "attested_world.h"
#include "mbedtls_faults.h"
#include "state_table.h"

namespace ratls::test {

/// Counts the TLS records of a stream that comes in pieces.
class RecordCounter {
 public:
  void take(ByteView bytes);
  [[nodiscard]] std::size_t whole() const { return whole_; }
  [[nodiscard]] bool inside() const { return header_size_ != 0 || body_ != 0; }

 private:
  std::size_t whole_ = 0;
  std::size_t header_size_ = 0;
  std::size_t body_ = 0;
};

/// Two configurations that meet, and what must come of it whatever the order of events.
struct Scenario {
  enum class Expect : std::uint8_t {
    may_open,         ///< application bytes may move
    refused_by_peer,  ///< none may, in either direction
    never_opens,      ///< and the watched side knows no peer, ever
  };
  std::string name;
  std::function<Session()> own;  ///< the watched side
  std::function<Session()> peer;
  Expect expect = Expect::may_open;
  int own_side = 0;  ///< MBEDTLS_SSL_IS_CLIENT or _SERVER
  bool framed = false;
  Exporter exporter = Exporter::honest;  ///< the watched side's, from the beginning
  bool lost_callback = false;            ///< and its judge is never called
};

/// The two sessions of a scenario, from their making on. One at a time: the gate is shared.
class Run {
 public:
  Run(const Scenario& scenario, GatedSource& gate);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run();

  /// The firmware of both finishes what was asked of it; otherwise it takes for ever.
  void finish_reports();
  /// Bytes of the peer that have not been taken.
  [[nodiscard]] Bytes waiting() const;
  /// Takes these, which are or stand for the next ones of the peer. Takes no memory itself.
  void receive(ByteView bytes);
  void send();
  void read();
  /// From now on the watched side's exporter tells another value.
  void lie();
  void check(const Edges& edges, Edges& walked);
  /// Everything that a program can see of the two, and how far the watched side's input has come.
  [[nodiscard]] std::string seen() const;

  const Scenario& scenario;
  Session own;
  Session peer;

 private:
  void check_absorbing() const;

  GatedSource& gate_;
  RecordCounter taken_;
  bool delivered_ = false;       ///< application bytes, to the watched side's application
  bool peer_delivered_ = false;  ///< and to its peer's
  bool lying_ = false;
  Session::State before_ = Session::State::handshaking;
  std::optional<Reason> reason_before_;
  std::size_t output_before_ = 0;
};

/// One thing that can happen.
struct Action {
  const char* name;
  void (*act)(Run&);
};
std::span<const Action> all_actions();

}  // namespace ratls::test
