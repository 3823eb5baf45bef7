#include "tsm_kernel.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>

namespace ratls::test {

namespace {

constexpr std::string_view kManifest = "a manifest of services";

int hit(TsmFaults::Fail& fail) {
  if (fail.code == 0 || fail.times == 0) return 0;
  if (fail.times > 0) --fail.times;
  return fail.code;
}

int hit(std::map<std::string, TsmFaults::Fail>& faults, const std::string& attribute) {
  const auto found = faults.find(attribute);
  return found == faults.end() ? 0 : hit(found->second);
}

int give(const std::string& text, Bytes& out) {
  const ByteView bytes = as_bytes(text);
  out.assign(bytes.begin(), bytes.end());
  return 0;
}

}  // namespace

Bytes unsigned_report(ByteView data, unsigned level) {
  Writer out;
  out.u32le(5).zeros(0x2c).u32le(level).zeros(0x1c).bytes(data);
  return std::move(out.zeros(kSnpReportSize - 0x50 - data.size())).take();
}

std::vector<std::string> TsmKernel::attributes() const {
  std::vector<std::string> out{"generation", "inblob",    "outblob",        "auxblob",
                               "provider",   "privlevel", "privlevel_floor"};
  if (faults_.svsm) {
    out.insert(out.end(),
               {"service_provider", "service_guid", "service_manifest_version", "manifestblob"});
  }
  for (const std::string& name : faults_.missing) std::erase(out, name);
  return out;
}

bool TsmKernel::has(const std::string& entry) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(entry);
}

bool TsmKernel::has(const std::string& entry, const std::string& attribute) const {
  const auto all = attributes();
  return has(entry) && std::find(all.begin(), all.end(), attribute) != all.end();
}

std::vector<std::string> TsmKernel::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

int TsmKernel::make(const std::string& entry) {
  const std::lock_guard lock(mutex_);
  if (const int code = hit(faults_.mkdir)) return code;
  if (!entries_.try_emplace(entry).second) return EEXIST;
  ++made_;
  return 0;
}

int TsmKernel::remove(const std::string& entry) {
  const std::lock_guard lock(mutex_);
  if (const int code = hit(faults_.rmdir)) return code;
  return entries_.erase(entry) == 1 ? 0 : ENOENT;
}

int TsmKernel::open(const std::string& entry, const std::string& attribute) {
  if (!has(entry, attribute)) return ENOENT;
  const std::lock_guard lock(mutex_);
  return hit(faults_.open, attribute);
}

// sev_report_new(): 64 bytes and a level from the floor up, or EINVAL; a call to the firmware for
// every change of what was written, else what it said before.
int TsmKernel::generate(Entry& entry) {
  if (entry.inblob.empty()) return EINVAL;
  if (faults_.foreign_writes > 0) {
    --faults_.foreign_writes;
    entry.inblob = faults_.foreign_blob;
    ++entry.writes;
  }
  if (entry.report && entry.answered == entry.writes) return 0;
  if (entry.inblob.size() != 64 || entry.level < faults_.floor || entry.level > 3) return EINVAL;
  Bytes data = entry.inblob;
  if (faults_.wrong_echoes > 0) {
    --faults_.wrong_echoes;
    data[63] ^= 1U;
  }
  if (entry.bound || faults_.always_bound) {
    const auto digest = crypto::sha512({entry.inblob, as_bytes(kManifest)});
    data.assign(digest.view().begin(), digest.view().end());
  }
  entry.report = make_(data, entry.level);
  if (faults_.size) entry.report->resize(*faults_.size);
  entry.answered = entry.writes;
  last_level_ = entry.level;
  ++reports_;
  return 0;
}

int TsmKernel::answer(Entry& entry, const std::string& attribute, Bytes& out) {
  if (attribute == "provider") return give(faults_.provider, out);
  if (attribute == "generation") {
    return give(faults_.generation_text.value_or(std::to_string(entry.writes) + "\n"), out);
  }
  if (attribute == "privlevel_floor") {
    return give(faults_.floor_text.value_or(std::to_string(faults_.floor) + "\n"), out);
  }
  if (const int code = generate(entry)) return code;
  if (attribute == "outblob") out = *entry.report;
  if (attribute == "auxblob") out = faults_.table;
  if (attribute == "manifestblob") return give(std::string(kManifest), out);
  return 0;
}

int TsmKernel::read(const std::string& entry, const std::string& attribute, Bytes& out) {
  if (attribute == "outblob" && faults_.delay.count() > 0) {
    std::this_thread::sleep_for(faults_.delay);
  }
  if (attribute == "outblob" && faults_.vanish) {
    on_vanish();
    return EIO;
  }
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(entry);
  if (found == entries_.end()) return ENOENT;
  if (const int code = hit(faults_.read, attribute)) return code;
  return answer(found->second, attribute, out);
}

int TsmKernel::write(const std::string& entry, const std::string& attribute, ByteView bytes,
                     std::size_t& taken) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(entry);
  if (found == entries_.end()) return ENOENT;
  if (const int code = hit(faults_.write, attribute)) return code;
  taken = bytes.size();
  if (attribute == "inblob") {
    if (bytes.size() > 64) return EFBIG;
    taken = std::min(taken, faults_.short_write);
    found->second.inblob.assign(bytes.begin(), bytes.end());
  } else if (attribute == "privlevel") {
    const std::string text = to_string(bytes);
    if (text.size() != 1 || text < std::to_string(faults_.floor) || text > "3") return EINVAL;
    found->second.level = static_cast<unsigned>(text[0] - '0');
  } else if (attribute == "service_provider") {
    found->second.bound = true;
  }
  ++found->second.writes;
  return 0;
}

}  // namespace ratls::test
