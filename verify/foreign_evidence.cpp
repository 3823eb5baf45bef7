#include <ratls/verify/foreign_evidence.h>

#include <array>

namespace ratls {

namespace {

struct Format {
  std::string_view oid;  ///< itself, or the arc above it where it ends with a dot
  std::string_view name;
};

// The first match counts. Sources: docs/foreign-evidence.md.
constexpr std::array kFormats{
    Format{"2.23.133.5.4.9",
           "DICE evidence of the TCG (Gramine from 1.8, rats-tls, Intel's RA-TLS)"},
    Format{"2.23.133.5.4.", "a DICE extension of the TCG"},
    // Gramine and rats-tls write tag and length into the OID as well.
    Format{"0.6.9.42.840.113741.1337.",
           "an SGX quote as Gramine and rats-tls wrote it before DICE"},
    Format{"1.2.840.113741.1337.", "an SGX or TDX quote in the older RA-TLS form of Intel"},
    Format{"1.2.840.113741.1.13.", "an Intel PCK certificate, which endorses SGX and TDX quotes"},
    Format{"1.3.6.1.4.1.62397.1.", "dstack's RA-TLS (TDX quote or versioned attestation)"},
    Format{"1.3.9901.2.", "aTLS of Contrast (SEV-SNP or TDX report)"},
    Format{"1.3.9900.", "aTLS of Constellation"},
    Format{"1.3.6.1.4.1.59888.1.", "RA-TLS of c8s (SEV-SNP or TDX report)"},
    Format{"1.2.840.113556.10.1.", "Open Enclave's report or evidence"},
    Format{"1.3.6.1.4.1.311.105.", "Open Enclave's report or evidence"},
};

bool fits(std::string_view oid, const Format& format) {
  return format.oid.back() == '.' ? oid.starts_with(format.oid) : oid == format.oid;
}

}  // namespace

std::string_view foreign_format(std::string_view oid) noexcept {
  for (const Format& format : kFormats) {
    if (fits(oid, format)) return format.name;
  }
  return {};
}

std::optional<ForeignEvidence> foreign_evidence(const Certificate& certificate) {
  for (const auto& extension : certificate.extensions()) {
    const std::string_view format = foreign_format(extension.oid);
    if (!format.empty()) return ForeignEvidence{format, extension.oid};
  }
  return std::nullopt;
}

}  // namespace ratls
