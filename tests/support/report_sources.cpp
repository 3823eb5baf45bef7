#include "report_sources.h"

#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

namespace ratls::test {

Bytes echo_report(const ReportData& data) {
  Writer out;
  out.zeros(0x50).bytes(data.view()).zeros(kSnpReportSize - 0x50 - ReportData::kSize);
  return std::move(out).take();
}

Result<AttestationReport> ScriptedSource::get(const ReportData& data) {
  std::unique_lock lock(mutex_);
  asked_.push_back(data);
  changed_.notify_all();
  changed_.wait(lock, [this] { return !held_; });
  lock.unlock();
  if (answer_) return answer_(data);
  return AttestationReport{echo_report(data), std::nullopt};
}

void ScriptedSource::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void ScriptedSource::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  changed_.notify_all();
}

void ScriptedSource::wait_for_calls(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return asked_.size() >= count; });
}

std::size_t ScriptedSource::calls() const {
  const std::lock_guard lock(mutex_);
  return asked_.size();
}

std::vector<ReportData> ScriptedSource::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

}  // namespace ratls::test
