/// How many reports were asked for, and what came of it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <ratls/certgen/report_source.h>

namespace ratls::agent {

/// A report source that counts. Threads: as ReportSource; metrics() from any.
class CountedSource final : public ReportSource {
 public:
  explicit CountedSource(std::unique_ptr<ReportSource> inner) : inner_(std::move(inner)) {}

  Result<AttestationReport> get(const ReportData& data) override;
  [[nodiscard]] std::string_view name() const noexcept override { return inner_->name(); }
  [[nodiscard]] bool simulated() const noexcept override { return inner_->simulated(); }
  [[nodiscard]] std::optional<ReportPace> pace() const noexcept override { return inner_->pace(); }

  /// ratls_report_requests_total{result}, in the text format of services/status.
  [[nodiscard]] std::string metrics() const;

 private:
  std::unique_ptr<ReportSource> inner_;
  std::atomic<std::uint64_t> ok_{0};
  std::atomic<std::uint64_t> throttled_{0};
  std::atomic<std::uint64_t> failed_{0};
};

}  // namespace ratls::agent
