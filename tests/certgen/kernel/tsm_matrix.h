/// What can be wrong with configfs-tsm, one thing a row.
#pragma once

#include <vector>

#include <ratls/core/error.h>

#include "tsm_kernel.h"

namespace ratls::test {

/// A fault after which there is no report.
struct Refused {
  const char* name;
  TsmFaults faults;
  Reason reason;
  const char* says;  ///< a part of the message
};

/// A fault that costs nothing, or only the certificate.
struct Passed {
  const char* name;
  TsmFaults faults;
  bool leaf;
};

std::vector<Refused> refusals();
std::vector<Passed> passes();

/// A table with one entry for a VCEK at `offset`, `length` bytes long.
Bytes table(std::uint32_t offset, std::uint32_t length, const std::string& contents,
            bool ends = true);

template <class F>
TsmFaults with(F change) {
  TsmFaults out;
  change(out);
  return out;
}

}  // namespace ratls::test
