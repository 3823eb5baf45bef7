/// A ledger over a store of one secret, and what it answers.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <ratls/services/broker/ledger.h>
#include <ratls/services/broker/store_key.h>

#include "../../support/files.h"

namespace ratls::test {

using broker::Ledger;
using broker::Release;
using broker::ReleaseRule;
using broker::ReleaseRules;

inline constexpr const char* kLedgerUri = "kbs:///agents/llm/key";

class SetClock final : public Clock {
 public:
  std::optional<Timestamp> moment = Timestamp{1'790'000'000};
  mutable std::optional<int> fails_after;  ///< so many questions
  [[nodiscard]] std::optional<Timestamp> now() const override {
    if (fails_after && (*fails_after)-- <= 0) return std::nullopt;
    return moment;
  }
};

// The guest of that name, of policy "p".
inline ReleaseRule rule_for(const std::string& guest) {
  ReleaseRule out;
  out.accept = {"p/" + guest};
  return out;
}

struct LedgerWorld {
  TemporaryFolder folder;
  SetClock clock;
  ReleaseRules rules;
  std::string key = folder.file("key");
  std::string audit = folder.file("audit.log");

  explicit LedgerWorld(ReleaseRule rule) {
    rules.emplace(kLedgerUri, std::move(rule));
    REQUIRE(broker::create_store_key(key));
    put("the value");
  }
  [[nodiscard]] broker::SecretStore store() const {
    return broker::SecretStore::open(folder.file("db"), broker::read_store_key(key).value(), true)
        .value();
  }
  void put(std::string_view value) const {
    auto opened = store();
    const auto secret = SecretBytes::copy_of(as_bytes(value)).value();
    REQUIRE(opened.put({"agents", "llm", "key"}, secret, Timestamp{1}));
  }
  Result<Ledger> open() { return Ledger::open(store(), audit, clock, rules); }
  std::unique_ptr<Release> release(const std::string& guest = "a", const std::string& id = "01",
                                   const std::string& tag = "key") const {
    auto out = std::make_unique<Release>();
    out->from = "127.0.0.1:1";
    out->guest.accepted = {{{"p", 4, Sha256Digest()}, guest, Covers::image}};
    out->guest.report_id = id;
    out->resource = broker::Resource{"agents", "llm", tag};
    out->rules = std::make_shared<const ReleaseRules>(rules);
    return out;
  }
};

// What one request comes to: the value, or the code of the refusal.
inline std::string ask(Ledger& ledger, std::unique_ptr<Release> release) {
  ledger.settle({&release, 1});
  if (release->refusal) {
    CHECK(release->value.size() == 0);
    return std::string(code(release->refusal->reason()));
  }
  CHECK(broker::http_status(*release) == 200);
  return release->value.expose([](ByteView bytes) { return to_string(bytes); });
}

}  // namespace ratls::test
