/// Report sources that do what a test says.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include <ratls/certgen/report_source.h>
#include <ratls/certgen/sim/throttle.h>

namespace ratls::test {

/// 1184 bytes that hold nothing but `data` at its place; signed by nobody.
Bytes echo_report(const ReportData& data);

/// Answers with `answer(data)`, or with an echo_report() where there is none.
class ScriptedSource final : public ReportSource {
 public:
  using Answer = std::function<Result<AttestationReport>(const ReportData&)>;
  ScriptedSource() = default;
  explicit ScriptedSource(Answer answer) : answer_(std::move(answer)) {}

  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "scripted"; }
  [[nodiscard]] bool simulated() const noexcept override { return true; }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return paced; }

  std::optional<ReportPace> paced;  ///< set it before the attester starts

  /// From now on get() blocks, until release().
  void hold();
  void release();
  /// Blocks until get() has been entered `count` times.
  void wait_for_calls(std::size_t count);
  [[nodiscard]] std::size_t calls() const;
  [[nodiscard]] std::vector<ReportData> asked() const;

 private:
  Answer answer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  std::vector<ReportData> asked_;
};

/// Time that passes only by sleeping.
class FakeSleeper final : public sim::Sleeper {
 public:
  [[nodiscard]] sim::TimePoint now() override { return now_; }
  void sleep_for(sim::Microseconds time) override { now_ += time; }

 private:
  sim::TimePoint now_{};
};

}  // namespace ratls::test
