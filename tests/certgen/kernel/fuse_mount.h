/// A TsmKernel at the path where Linux has it, in a mount namespace that only this process and its
/// children see.
#pragma once

#include <memory>
#include <string>

#include "tsm_kernel.h"

namespace ratls::test {

/// Empty where this process has a namespace and can mount, else why not: the test then skips.
/// The first call makes the namespace; call it before any thread is started.
std::string why_no_mounts();

/// Shown at /sys/kernel/config/tsm/report for as long as it lives. Borrows the kernel.
class TsmMount {
 public:
  explicit TsmMount(TsmKernel& kernel);
  TsmMount(const TsmMount&) = delete;
  TsmMount& operator=(const TsmMount&) = delete;
  ~TsmMount();

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace ratls::test
