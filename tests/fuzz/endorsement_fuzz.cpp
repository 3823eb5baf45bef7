// VCEKs, VLEKs and what chains to AMD's keys: nothing that a fuzzer makes is signed by AMD.
#include <ratls/verify/snp/detail/endorsement.h>
#include <ratls/verify/snp/detail/endorsing.h>

#include "fuzz.h"

using namespace ratls;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Reason kWhy = Reason::malformed_endorsement;
  auto certificate = Certificate::parse_der_or_pem(ByteView(data, size), kWhy);
  if (!certificate) return 0;
  const auto read = snp::detail::parse_endorsement(*std::move(certificate));
  if (!read) {
    must(read.error().reason() == kWhy);
    return 0;
  }
  const bool vcek = read->kind == snp::SigningKeyKind::vcek;
  must(vcek == !read->hardware_id.empty() && vcek == read->csp_id.empty());
  must(read->tcb.fmc.has_value() == (read->line == snp::ProductLine::turin));
  must(!snp::detail::check_chain(*read, RootOfTrust::amd()));
  return 0;
}
