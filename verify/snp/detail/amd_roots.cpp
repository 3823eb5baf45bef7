#include <ratls/verify/snp/detail/amd_roots.h>

#include <array>
#include <cstdlib>

namespace ratls::snp::detail {

namespace {

constexpr std::array kRoots{
#define RATLS_AMD_ROOT(line, kind, common_name, serial, spki_sha384, name, modulus) \
  AmdRoot{ProductLine::line, AmdKey::kind, common_name, serial, spki_sha384, name, modulus},
#include <ratls/verify/snp/detail/amd_roots.inc>
#undef RATLS_AMD_ROOT
};

}  // namespace

std::span<const AmdRoot> amd_roots() noexcept {
  return kRoots;
}

const AmdRoot& amd_root(ProductLine line, AmdKey kind) noexcept {
  for (const AmdRoot& root : kRoots) {
    if (root.line == line && root.kind == kind) return root;
  }
  std::abort();  // the generator writes every line and kind
}

}  // namespace ratls::snp::detail
