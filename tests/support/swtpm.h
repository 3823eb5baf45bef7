/// A software TPM of its own, set up as Azure's paravisor sets up a vTPM.
#pragma once

#include <memory>
#include <string>

#include <ratls/core/bytes.h>

#include "files.h"

namespace ratls::test {

/// swtpm with its state in a temporary folder; ended with this object.
class SwTpm {
 public:
  /// Nothing where swtpm or tpm2-tools is not installed; the test then skips and says so.
  static std::unique_ptr<SwTpm> start();
  SwTpm(const SwTpm&) = delete;
  SwTpm& operator=(const SwTpm&) = delete;
  ~SwTpm();

  /// In the words of tpm2-tss.
  [[nodiscard]] std::string tcti() const { return "swtpm:path=" + folder_.file("tpm"); }
  /// Runs one of tpm2-tools on it; aborts where that fails. Files are made in folder().
  void tool(const std::string& command) const;
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  /// A restricted RSA-2048 signing key at 0x81000003; its modulus.
  [[nodiscard]] Bytes make_ak() const;
  /// NV index of this size that the owner reads and writes, holding `value` and zeros.
  void define(const std::string& index, std::size_t size, ByteView value) const;

 private:
  SwTpm() = default;

  TemporaryFolder folder_;
};

}  // namespace ratls::test
