/// What was checked, in order, and what came of it: for people and for logs.
///
/// A verdict is a record, not a permission: what lets a program go on is the VerifiedPeer or
/// AcceptedReport beside it, which only an acceptance makes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ratls/core/bytes.h>
#include <ratls/core/error.h>
#include <ratls/core/result.h>

namespace ratls {

enum class CheckStatus : std::uint8_t { pass, fail, skipped };

/// One check. Texts are short; bytes are lower-case hex. Empty texts are null in JSON.
struct Check {
  std::string_view id;  ///< stable snake_case name; lives for ever
  CheckStatus status = CheckStatus::skipped;
  std::string got;
  std::string want;
  std::string hint;                             ///< what to do, or why it was skipped
  std::optional<Reason> reason = std::nullopt;  ///< set exactly where it failed
};

/// How much was judged.
enum class Scope : std::uint8_t {
  authenticity,  ///< signature, chain, bindings and dates of a file; no policy
  report,        ///< a file under a policy; not bound to a session
  certificate,   ///< a TLS leaf and its evidence under a policy; its session is unknown
  session,       ///< evidence of a peer, bound to its TLS session, under a policy
};

/// Which policy judged.
struct PolicyId {
  std::string name;
  std::uint64_t version = 0;
  Sha256Digest sha256;
};

/// What an authentic report says, as ordered pairs of a key and a JSON value. Empty until the
/// report's signature has verified. A value: copies share what they say.
class PeerSummary {
 public:
  struct Field {
    std::string_view key;  ///< lives for ever
    std::string json;      ///< the value, JSON already
  };
  /// Facts that are put into words only when somebody asks: most handshakes are never printed.
  class Facts {
   public:
    virtual ~Facts() = default;
    [[nodiscard]] virtual std::vector<Field> fields() const = 0;

   protected:
    Facts() = default;
    Facts(const Facts&) = default;
    Facts& operator=(const Facts&) = default;
  };

  PeerSummary() = default;
  explicit PeerSummary(std::shared_ptr<const Facts> facts) : facts_(std::move(facts)) {}
  void add(Field field) { added_.push_back(std::move(field)); }

  [[nodiscard]] bool empty() const noexcept { return facts_ == nullptr && added_.empty(); }
  /// The facts, then what was added.
  [[nodiscard]] std::vector<Field> fields() const;

 private:
  std::shared_ptr<const Facts> facts_;
  std::vector<Field> added_;
};

/// The outcome of one appraisal.
struct Verdict {
  Scope scope = Scope::session;
  /// A policy was asked and everything held. Never true with scope `authenticity`, which asks none.
  bool accepted = false;
  /// Signed by a chip or provider under a trusted root, every cryptographic check passed; whatever
  /// a policy says of it.
  bool authentic = false;
  bool simulated = false;  ///< a simulator's root stands behind it
  /// The session was resumed: how long ago this evidence was accepted, in an earlier session.
  std::optional<std::chrono::seconds> resumed_after;
  std::optional<Reason> reason;  ///< of the first failed check; absent where none failed
  /// Whose checks these are. Of several policies: the first that accepted, or else the one that
  /// came nearest to it.
  std::optional<PolicyId> policy;
  /// What the other policies of the verifier said, in its order.
  struct OtherPolicy {
    PolicyId policy;
    std::optional<Reason> reason;  ///< of its first failed check; nothing where it accepts too
  };
  std::vector<OtherPolicy> other_policies;
  PeerSummary peer;
  std::vector<Check> checks;
  struct Phase {
    std::string name;
    std::uint64_t microseconds;
  };
  std::vector<Phase> timing;

  /// One line a check, the verdict last; ends with a newline.
  [[nodiscard]] std::string text() const;
  /// `ratls.verdict/1`, one line, without a newline (docs/schema/verdict.schema.json).
  [[nodiscard]] std::string json() const;
  /// The check of that id; nothing where it was not part of this appraisal.
  [[nodiscard]] const Check* find(std::string_view id) const noexcept;
  [[nodiscard]] std::uint64_t total_microseconds() const noexcept;
};

/// Records checks while the stages of evidence.h run. One appraisal, one Trail, one thread.
class Trail {
 public:
  explicit Trail(Scope scope);

  void pass(std::string_view id, std::string got, std::string want = {}, std::string hint = {});
  void skip(std::string_view id, std::string why);
  /// Records a failure and hands the error back, so that a stage can return it.
  Error fail(std::string_view id, const Error& error, std::string got = {}, std::string want = {},
             std::string hint = {});
  void add(Check check);
  /// From here on time counts for `name`.
  void phase(std::string_view name);

  /// The reason of the first failure so far.
  [[nodiscard]] std::optional<Reason> first_failure() const { return verdict_.reason; }

  /// Time counts for nothing until the next phase().
  void pause() { phase({}); }

  void set_policy(PolicyId policy) { verdict_.policy = std::move(policy); }
  void set_peer(PeerSummary peer) { verdict_.peer = std::move(peer); }
  void add_peer_field(PeerSummary::Field field) { verdict_.peer.add(std::move(field)); }
  void set_simulated() { verdict_.simulated = true; }
  void set_resumed(std::chrono::seconds age) { verdict_.resumed_after = age; }

  /// Ends the record. `held`: the steps came to their end. Accepted where they did, no check
  /// failed, and the scope has a policy.
  Verdict finish(bool held) &&;

 private:
  void stop_phase(std::chrono::steady_clock::time_point now);

  Verdict verdict_;
  std::string phase_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace ratls
