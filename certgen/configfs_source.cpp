#include <ratls/certgen/configfs_source.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <ratls/certgen/certificate_table.h>
#include <ratls/certgen/detail/endorsement_of.h>
#include <ratls/certgen/detail/tsm_files.h>
#include <ratls/core/crypto.h>
#include <ratls/core/evidence.h>
#include <ratls/core/snp_report.h>

namespace ratls {

namespace {

using detail::TsmFiles;

constexpr int kTries = 3;
constexpr std::size_t kMaxAttribute = 4096;

Error failed(int code, const std::string& what) {
  const std::string said = what + ": " + std::generic_category().message(code);
  switch (code) {
    case ENXIO:
      // Linux takes a provider only into an empty folder (drivers/virt/coco, tsm_register()).
      return Error(Reason::no_report_device,
                   said +
                       "; load the guest driver (modprobe sev-guest); where that says busy, "
                       "programs that were killed left entries: rmdir " +
                       detail::kTsmFolder + "/*");
    case ENOENT:
      return Error(Reason::no_report_device,
                   said + "; load the guest driver (modprobe sev-guest) and mount configfs");
    case EACCES:
    case EPERM:
      return Error(Reason::no_report_device,
                   said +
                       "; run as root, since what is made in configfs is root's, or take "
                       "--source sev-guest and give this user the device by a udev rule");
    case EBUSY:
    case EAGAIN:
      return Error(Reason::firmware_throttled, said);
    case ETIMEDOUT:
      return Error(Reason::firmware_throttled,
                   said + "; the host was busy for a minute, and the kernel wipes its key then");
    case ENOTTY:
      return Error(Reason::firmware_gone, said);
    default:
      return Error(Reason::io_error, said);
  }
}

/// One entry; removed whatever happens.
class Entry {
 public:
  static Result<std::unique_ptr<Entry>> make(TsmFiles& files) {
    for (int i = 0; i < kTries; ++i) {
      std::array<std::uint8_t, 8> random{};
      crypto::random(random);
      const std::string name = "ratls-" + to_hex(random);
      const int code = files.make(name);
      if (code == 0) return std::unique_ptr<Entry>(new Entry(files, name));
      if (code != EEXIST && code != EINTR) return failed(code, "configfs-tsm");
    }
    return Error(Reason::io_error, "configfs-tsm: every name for an entry exists already");
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    int code = files_.remove(name_);
    for (int i = 1; i < kTries && (code == EBUSY || code == EINTR); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      code = files_.remove(name_);
    }
  }

  Result<Bytes> read(const std::string& attribute, std::size_t max) {
    RATLS_TRY(auto found, read_if_there(attribute, max));
    if (found) return *std::move(found);
    return failed(ENOENT, "configfs-tsm " + attribute);
  }
  Result<std::optional<Bytes>> read_if_there(const std::string& attribute, std::size_t max) {
    Bytes out;
    int code = EINTR;
    for (int i = 0; i < kTries && code == EINTR; ++i)
      code = files_.read(name_, attribute, max, out);
    if (code == 0) return std::optional(std::move(out));
    if (code == ENOENT) return std::optional<Bytes>();
    return failed(code, "configfs-tsm " + attribute);
  }
  Result<void> write(const std::string& attribute, ByteView bytes) {
    int code = EINTR;
    for (int i = 0; i < kTries && code == EINTR; ++i) {
      code = files_.write(name_, attribute, bytes);
    }
    if (code == 0) {
      ++writes_;
      return {};
    }
    return failed(code, "configfs-tsm " + attribute);
  }
  [[nodiscard]] std::uint64_t writes() const noexcept { return writes_; }

 private:
  Entry(TsmFiles& files, std::string name) : files_(files), name_(std::move(name)) {}

  TsmFiles& files_;
  std::string name_;
  std::uint64_t writes_ = 0;  ///< that succeeded: the kernel counts them in `generation`
};

std::string line_of(const Bytes& bytes) {
  std::string out = to_string(bytes);
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

Result<std::uint64_t> number_in(const Bytes& bytes, const std::string& attribute) {
  const std::string text = line_of(bytes);
  std::uint64_t out = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) return out;
  return Error(Reason::io_error, "configfs-tsm " + attribute + " is no number");
}

Result<std::uint64_t> generation_of(Entry& entry) {
  RATLS_TRY(const Bytes text, entry.read("generation", kMaxAttribute));
  return number_in(text, "generation");
}

Result<void> check_provider(Entry& entry) {
  RATLS_TRY(const Bytes text, entry.read("provider", kMaxAttribute));
  const std::string provider = line_of(text);
  if (provider == "sev_guest") return {};
  return Error(Reason::no_report_device, "configfs-tsm is served by " + provider +
                                             ", not by sev_guest: this is no SEV-SNP guest");
}

// Below an SVSM the lowest level that may be asked for is not 0. Reports that bind a manifest of
// services are another format: where one is offered it is not asked for.
Result<void> choose_level(Entry& entry) {
  RATLS_TRY(const auto floor, entry.read_if_there("privlevel_floor", kMaxAttribute));
  if (!floor) return {};
  RATLS_TRY(const std::uint64_t level, number_in(*floor, "privlevel_floor"));
  if (level > 3) return Error(Reason::io_error, "configfs-tsm: privlevel_floor above 3");
  if (level == 0) return {};
  return entry.write("privlevel", as_bytes(std::to_string(level)));
}

// SVSM specification (AMD 58019), attestation of services: REPORT_DATA is then a digest of what was
// asked and of a manifest that ratls does not read.
bool binds_manifest(Entry& entry, ByteView report, const ReportData& data) {
  if (report.size() != kSnpReportSize) return false;
  const ByteView echoed = report_data_in(report);
  if (equal_ct(echoed, data.view())) return false;
  const auto manifest = entry.read_if_there("manifestblob", kMaxCertificateTable);
  if (!manifest || !*manifest) return false;
  const auto bound = crypto::sha512({data.view(), **manifest});
  return equal_ct(echoed, bound.view());
}

struct Given {
  Bytes report;
  std::optional<Bytes> table;
};

Result<Given> read_answer(Entry& entry) {
  Given out;
  RATLS_TRY(out.report, entry.read("outblob", kMaxAttribute));
  RATLS_TRY(out.table, entry.read_if_there("auxblob", kMaxCertificateTable));
  return out;
}

/// A report, or nothing where somebody else wrote into the entry: what went wrong then was theirs.
Result<std::optional<AttestationReport>> ask_once(TsmFiles& files, const ReportData& data) {
  RATLS_TRY(const auto entry, Entry::make(files));
  RATLS_CHECK(check_provider(*entry));
  RATLS_TRY(const std::uint64_t before, generation_of(*entry));
  RATLS_CHECK(choose_level(*entry));
  RATLS_CHECK(entry->write("inblob", data.view()));
  auto given = read_answer(*entry);
  const auto after = generation_of(*entry);
  if (after && *after - before != entry->writes()) return std::optional<AttestationReport>();
  if (!given) return given.error();
  if (!after) return after.error();
  if (binds_manifest(*entry, given->report, data)) {
    return Error(Reason::report_echo_mismatch,
                 "the report binds an SVSM's manifest of services and not what was asked; ratls "
                 "takes direct reports only, so nothing may write service_provider");
  }
  RATLS_TRY(auto out,
            detail::with_endorsement(std::move(given->report),
                                     given->table ? *std::move(given->table) : Bytes{}, data));
  return std::optional(std::move(out));
}

}  // namespace

ConfigfsSource::ConfigfsSource() : ConfigfsSource(detail::tsm_files(detail::kTsmFolder)) {}

ConfigfsSource::ConfigfsSource(std::unique_ptr<TsmFiles> files) : files_(std::move(files)) {}

ConfigfsSource::~ConfigfsSource() = default;

Result<AttestationReport> ConfigfsSource::get(const ReportData& data) {
  for (int i = 0; i < kTries; ++i) {
    RATLS_TRY(auto report, ask_once(*files_, data));
    if (report) return *std::move(report);
  }
  return Error(Reason::report_echo_mismatch,
               "another program wrote into each of three entries with random names");
}

}  // namespace ratls
