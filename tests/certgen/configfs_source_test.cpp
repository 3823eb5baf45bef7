#include <ratls/certgen/configfs_source.h>

#include <cerrno>
#include <map>
#include <optional>

#include <ratls/certgen/detail/tsm_files.h>
#include <ratls/core/evidence.h>
#include <ratls/core/reader.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ratls;

namespace {

/// The kernel's side, with one thing wrong.
struct Kernel {
  std::map<std::string, int> write_fails;  ///< attribute, errno
  std::map<std::string, int> read_fails;
  std::map<std::string, int> read_fails_once;
  int make_fails = 0;
  int make_fails_times = 0;
  std::string provider = "sev_guest\n";
  std::optional<std::string> floor;
  std::size_t report_size = kSnpReportSize;
  int foreign_writes = 0;  ///< by somebody else, during each report
  int foreign_times = 0;
  bool foreign_data = false;
  Bytes table;
  std::uint64_t generation = 7;
  // What happened.
  int made = 0;
  int removed = 0;
  std::string last_name;
  std::string privlevel;
  Bytes inblob;
};

class Files final : public detail::TsmFiles {
 public:
  explicit Files(Kernel& kernel) : kernel_(kernel) {}

  int make(const std::string& entry) override {
    if (kernel_.make_fails_times-- > 0) return kernel_.make_fails;
    ++kernel_.made;
    CHECK(entry != kernel_.last_name);
    kernel_.last_name = entry;
    return 0;
  }
  int remove(const std::string& entry) override {
    CHECK(entry == kernel_.last_name);
    ++kernel_.removed;
    return 0;
  }
  int write(const std::string&, const std::string& attribute, ByteView bytes) override {
    if (const auto found = kernel_.write_fails.find(attribute);
        found != kernel_.write_fails.end()) {
      return found->second;
    }
    ++kernel_.generation;
    if (attribute == "inblob") kernel_.inblob = Bytes(bytes.begin(), bytes.end());
    if (attribute == "privlevel") kernel_.privlevel = to_string(bytes);
    return 0;
  }
  int read(const std::string&, const std::string& attribute, std::size_t max, Bytes& out) override {
    if (auto once = kernel_.read_fails_once.extract(attribute)) return once.mapped();
    if (const auto found = kernel_.read_fails.find(attribute); found != kernel_.read_fails.end()) {
      return found->second;
    }
    if (attribute == "provider") return give(kernel_.provider, out);
    if (attribute == "generation") return give(std::to_string(kernel_.generation) + "\n", out);
    if (attribute == "privlevel_floor") return kernel_.floor ? give(*kernel_.floor, out) : ENOENT;
    if (attribute == "auxblob") {
      out = kernel_.table;
      return out.size() > max ? EFBIG : 0;
    }
    if (attribute != "outblob") return ENOENT;
    if (kernel_.inblob.size() != 64) return EINVAL;
    Writer report;
    report.zeros(0x50).bytes(kernel_.inblob).zeros(4096);
    out = std::move(report).take();
    out.resize(kernel_.report_size);
    if (kernel_.foreign_data) out[0x50] ^= 1U;
    if (kernel_.foreign_times-- > 0) {
      kernel_.generation += static_cast<std::uint64_t>(kernel_.foreign_writes);
    }
    return 0;
  }

 private:
  static int give(const std::string& text, Bytes& out) {
    const ByteView bytes = as_bytes(text);
    out.assign(bytes.begin(), bytes.end());
    return 0;
  }

  Kernel& kernel_;
};

ReportData some_data() {
  ReportData out;
  out.mutable_view()[0] = 0x5a;
  return out;
}

Result<AttestationReport> ask(Kernel& kernel) {
  ConfigfsSource source(std::make_unique<Files>(kernel));
  return source.get(some_data());
}

}  // namespace

TEST_CASE("a report comes from an entry of its own, which is gone afterwards") {
  Kernel kernel;
  const auto got = ask(kernel);
  REQUIRE(got);
  CHECK(got->report.size() == kSnpReportSize);
  CHECK_FALSE(got->endorsement);
  CHECK(equal_ct(kernel.inblob, some_data().view()));
  CHECK(kernel.made == 1);
  CHECK(kernel.removed == 1);
  CHECK(kernel.privlevel.empty());
}

TEST_CASE("below an SVSM the lowest level that is allowed is asked for") {
  Kernel kernel;
  kernel.floor = "2\n";
  REQUIRE(ask(kernel));
  CHECK(kernel.privlevel == "2");
  kernel.floor = "4\n";
  CHECK_FALSE(ask(kernel));
}

TEST_CASE("a table of certificates that breaks its rules costs its leaf, not the report") {
  Kernel kernel;
  kernel.table = Bytes(23, 1);
  const auto got = ask(kernel);
  REQUIRE(got);
  CHECK_FALSE(got->endorsement);
}

TEST_CASE("every fault of configfs-tsm has its reason, and leaves no entry behind") {
  struct Fault {
    const char* where;
    int code;
    Reason reason;
  };
  const auto fault = GENERATE(
      Fault{"write inblob", EBUSY, Reason::firmware_throttled},
      Fault{"write inblob", EINVAL, Reason::io_error},
      Fault{"write inblob", EINTR, Reason::io_error},
      Fault{"write inblob", ENOSPC, Reason::io_error},
      Fault{"write inblob", EACCES, Reason::no_report_device},
      Fault{"read outblob", EBUSY, Reason::firmware_throttled},
      Fault{"read outblob", EAGAIN, Reason::firmware_throttled},
      Fault{"read outblob", ETIMEDOUT, Reason::firmware_throttled},
      Fault{"read outblob", ENOTTY, Reason::firmware_gone},
      Fault{"read outblob", ENXIO, Reason::no_report_device},
      Fault{"read outblob", EIO, Reason::io_error}, Fault{"read outblob", EINVAL, Reason::io_error},
      Fault{"read outblob", EINTR, Reason::io_error},
      Fault{"read outblob", EFBIG, Reason::io_error},
      Fault{"read outblob", ENOENT, Reason::no_report_device},
      Fault{"read outblob", EPERM, Reason::no_report_device},
      Fault{"read auxblob", EIO, Reason::io_error}, Fault{"read auxblob", EFBIG, Reason::io_error},
      Fault{"read generation", EIO, Reason::io_error},
      Fault{"read generation", ENOENT, Reason::no_report_device},
      Fault{"read provider", ENXIO, Reason::no_report_device},
      Fault{"read provider", ENOENT, Reason::no_report_device},
      Fault{"read privlevel_floor", EIO, Reason::io_error});
  CAPTURE(fault.where, fault.code);
  Kernel kernel;
  const std::string where = fault.where;
  const std::string attribute = where.substr(where.find(' ') + 1);
  (where.starts_with("write") ? kernel.write_fails : kernel.read_fails)[attribute] = fault.code;
  const auto got = ask(kernel);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == fault.reason);
  CHECK(kernel.made == kernel.removed);
}

TEST_CASE("where no entry can be made the error says what to do") {
  struct Fault {
    int code;
    Reason reason;
    const char* hint;
  };
  const auto fault = GENERATE(Fault{ENOENT, Reason::no_report_device, "modprobe sev-guest"},
                              Fault{EACCES, Reason::no_report_device, "run as root"},
                              Fault{EPERM, Reason::no_report_device, "run as root"},
                              Fault{ENOMEM, Reason::io_error, "memory"});
  Kernel kernel;
  kernel.make_fails = fault.code;
  kernel.make_fails_times = 1;
  const auto got = ask(kernel);
  REQUIRE_FALSE(got);
  CHECK(got.error().reason() == fault.reason);
  CHECK(got.error().message().find(fault.hint) != std::string::npos);
}

TEST_CASE("a name that is taken, an interrupted call and a second writer are tried again") {
  Kernel kernel;
  SECTION("a stale entry of that name") {
    kernel.make_fails = EEXIST;
    kernel.make_fails_times = 2;
  }
  SECTION("an interrupted read") {
    kernel.read_fails_once["outblob"] = EINTR;
  }
  SECTION("a second writer") {
    kernel.foreign_writes = 1;
    kernel.foreign_times = 2;
  }
  REQUIRE(ask(kernel));
  CHECK(kernel.made == kernel.removed);
}

TEST_CASE("names that are all taken end in an error") {
  Kernel kernel;
  kernel.make_fails = EEXIST;
  kernel.make_fails_times = 100;
  CHECK(ask(kernel).error().reason() == Reason::io_error);
}

TEST_CASE("a writer that never stops, and a report for somebody else, are refused") {
  Kernel kernel;
  SECTION("generation") {
    kernel.foreign_writes = 1;
    kernel.foreign_times = 100;
  }
  SECTION("REPORT_DATA") {
    kernel.foreign_data = true;
  }
  CHECK(ask(kernel).error().reason() == Reason::report_echo_mismatch);
  CHECK(kernel.made == kernel.removed);
}

TEST_CASE("a report of another size, and another provider, are refused") {
  Kernel kernel;
  SECTION("short") {
    kernel.report_size = kSnpReportSize - 1;
    CHECK(ask(kernel).error().reason() == Reason::malformed_report);
  }
  SECTION("long") {
    kernel.report_size = kSnpReportSize + 32;
    CHECK(ask(kernel).error().reason() == Reason::malformed_report);
  }
  SECTION("Intel's") {
    kernel.provider = "tdx_guest\n";
    CHECK(ask(kernel).error().reason() == Reason::no_report_device);
  }
}
