// Evidence in the right form that is not for this session, not signed, or not of this chip.
#include <algorithm>
#include <functional>

#include <ratls/certgen/leaf.h>
#include <ratls/core/cbor.h>
#include <ratls/core/der.h>
#include <ratls/core/signing_key.h>
#include <ratls/core/x509.h>

#include "judged.h"

namespace ratls::vectors {
namespace {

class Maker {
 public:
  explicit Maker(const Recording& recorded) : recorded_(recorded) {}

  /// Changes what the verifier knows or demands.
  void view(const std::string& like, const std::string& name, Reason want,
            const std::function<void(Judged&)>& change) {
    Judged bad = from(like, name, want);
    change(bad);
    out.push_back(std::move(bad));
  }
  void envelope(const std::string& like, const std::string& name, Reason want,
                const std::function<void(EvidenceEnvelope&)>& change) {
    Judged bad = from(like, name, want);
    EvidenceEnvelope parts = envelope_of(case_of(like), recorded_);
    change(parts);
    bad.evidence = parts.encode().value();
    out.push_back(std::move(bad));
  }
  /// Sets a byte of the report.
  void report(const std::string& name, Reason want, std::size_t at, std::uint8_t value) {
    envelope("client", name, want, [&](auto& parts) { parts.report[at] = value; });
  }
  void flip(const std::string& name, std::size_t at) {
    envelope("client", name, Reason::signature_invalid,
             [&](auto& parts) { parts.report[at] ^= 1; });
  }

  std::vector<Judged> out;

 private:
  Judged from(const std::string& like, const std::string& name, Reason want) {
    Judged bad = good_one(case_of(like), recorded_);
    bad.name = name;
    bad.like = like;
    bad.certificate.reset();
    bad.want = want;
    return bad;
  }

  const Recording& recorded_;
};

// What stands in a leaf, to write it differently.
struct LeafParts {
  Bytes serial, algorithm, issuer, validity, subject, spki;
  std::vector<Bytes> extensions;
};

LeafParts parts_of(ByteView der) {
  const auto leaf = Certificate::parse(der, Reason::malformed_certificate).value();
  LeafParts out;
  const ByteView serial = leaf.serial();
  out.serial = der::integer(serial);
  out.algorithm = der::sequence({der::oid("1.2.840.10045.4.3.2")});
  out.issuer = Bytes(leaf.issuer().begin(), leaf.issuer().end());
  out.subject = out.issuer;
  out.validity = der::sequence({der::time(leaf.not_before()), der::time(leaf.not_after())});
  out.spki = Bytes(leaf.spki().begin(), leaf.spki().end());
  for (const auto& each : leaf.extensions()) {
    const Bytes critical = each.critical ? der::boolean(true) : Bytes{};
    out.extensions.push_back(
        der::sequence({der::oid(each.oid), critical, der::octet_string(each.value)}));
  }
  return out;
}

// The signature is not looked at by a verifier in a session, so the old one stays.
Bytes certificate_of(const LeafParts& parts, ByteView old) {
  const auto leaf = Certificate::parse(old, Reason::malformed_certificate).value();
  Bytes extensions;
  for (const Bytes& each : parts.extensions) append(extensions, each);
  const Bytes tbs = der::sequence({der::explicit_tag(0, der::integer(2)), parts.serial,
                                   parts.algorithm, parts.issuer, parts.validity, parts.subject,
                                   parts.spki, der::explicit_tag(3, der::sequence({extensions}))});
  return der::sequence({tbs, parts.algorithm, der::bit_string(leaf.signature())});
}

Bytes evidence_extension(ByteView value, bool critical = false) {
  return der::sequence(
      {der::oid(kEvidenceOid), critical ? der::boolean(true) : Bytes{}, der::octet_string(value)});
}

}  // namespace

std::vector<Judged> bad_bindings(const Recording& recorded) {
  constexpr Reason kBinding = Reason::binding_mismatch;
  Maker make(recorded);
  const auto foreign = [](Judged& bad) {
    bad.secrets = Secrets::of("a session of the attacker", bad.secrets.hash);
  };
  make.view("client", "a client's evidence of another session", kBinding, foreign);
  make.view("server", "a server's evidence of another session", kBinding, foreign);
  make.view("post-handshake server", "evidence for another REQUEST", kBinding,
            [](Judged& bad) { bad.secrets.context.front() ^= 1; });
  make.view("client", "the evidence of another TLS key", kBinding,
            [&](Judged& bad) { bad.peer_spki = recorded.server_spki; });
  make.view("post-handshake server", "a server's evidence shown by a client", kBinding,
            [&](Judged& bad) { bad.role = Role::post_handshake_client; });
  make.view("client, key only", "a client's key-only evidence shown by a server", kBinding,
            [](Judged& bad) { bad.role = Role::server; });
  make.view("client, key only", "level 0 where 3 is demanded", Reason::level_too_low,
            [](Judged& bad) { bad.minimum = Level::exporter; });
  make.view("server, key only", "level 0 where 2 is demanded", Reason::level_too_low,
            [](Judged& bad) { bad.minimum = Level::handshake; });
  make.envelope("client among five", "the path is missing", kBinding,
                [](auto& parts) { parts.path.reset(); });
  make.envelope("client among five", "a sibling on the other side", kBinding,
                [](auto& parts) { parts.path->at(1) ^= 1; });
  make.envelope("client among five", "a sibling that is another", kBinding,
                [](auto& parts) { parts.path->back() ^= 1; });
  make.envelope("client", "a path where the report serves one session", kBinding, [](auto& parts) {
    merkle::Path path;
    path.siblings.push_back(merkle::leaf(parts.claims));
    parts.path = path.encode().value();
  });
  make.envelope("client with an unknown claim", "an unknown claim with another value", kBinding,
                [](auto& parts) {
                  // The value of "later": the 1 behind map(1), "deep", array(1), array(1).
                  const auto nonce =
                      std::search(parts.claims.begin(), parts.claims.end(),
                                  as_bytes("nonce").begin(), as_bytes("nonce").end());
                  *(nonce - 2) = 2;
                });
  make.envelope("client", "REPORT_DATA without the prefix of this protocol", kBinding,
                [](auto& parts) {
                  const auto bare = crypto::sha512({parts.claims});
                  std::copy(bare.view().begin(), bare.view().end(), parts.report.begin() + 0x50);
                });
  return std::move(make.out);
}

std::vector<Judged> bad_reports(const Recording& recorded) {
  Maker make(recorded);
  make.report("report version 1", Reason::unsupported_version, 0x000, 1);
  make.report("report version 6", Reason::unsupported_version, 0x000, 6);
  make.report("another signature algorithm", Reason::unsupported_algorithm, 0x034, 2);
  make.report("VMPL 4", Reason::malformed_report, 0x030, 4);
  make.report("a reserved byte of the report set", Reason::malformed_report, 0x04c, 1);
  make.report("R longer than P-384", Reason::malformed_report, 0x2a0 + 48, 1);
  make.report("a byte behind the signature set", Reason::malformed_report, 0x330, 1);
  make.report("MASK_CHIP_KEY", Reason::unsigned_report, 0x048, 2);
  make.report("signed by a VLEK, with a VCEK", Reason::signing_key_mismatch, 0x048, 4);
  make.report("the CPUID of a Genoa", Reason::product_mismatch, 0x189, 0x11);
  make.flip("another measurement", 0x090);
  make.flip("another HOST_DATA", 0x0c0);
  make.flip("a bit of R", 0x2a0);
  make.flip("a bit of S", 0x2e8);
  const auto with = [&](const std::string& name, Reason want, const Bytes& endorsement) {
    make.envelope("client", name, want, [&](auto& parts) { parts.endorsement = endorsement; });
  };
  const Bytes& vcek = recorded.endorsements.at("vcek");
  make.envelope("client", "no VCEK", Reason::missing_endorsement,
                [](auto& parts) { parts.endorsement.reset(); });
  with("half a VCEK", Reason::malformed_endorsement, Bytes(vcek.begin(), vcek.begin() + 600));
  Bytes flipped = vcek;
  flipped.back() ^= 1;
  with("a VCEK that AMD did not sign", Reason::chain_untrusted, flipped);
  with("the VCEK of another chip", Reason::chip_id_mismatch,
       recorded.endorsements.at("vcek of another chip"));
  with("the VCEK for another TCB", Reason::tcb_mismatch,
       recorded.endorsements.at("vcek for another tcb"));
  with("a VLEK where a VCEK signed", Reason::signing_key_mismatch,
       recorded.endorsements.at("vlek"));
  make.view("client", "before the VCEK is valid", Reason::endorsement_not_yet_valid,
            [](Judged& bad) { bad.now = kEndorsedFrom - 1; });
  make.view("client", "eight years later", Reason::endorsement_expired,
            [](Judged& bad) { bad.now = kEndorsedFrom + 8 * 31'557'600LL; });
  return std::move(make.out);
}

std::vector<Judged> bad_certificates(const Recording& recorded) {
  const Judged good = good_one(case_of("client"), recorded);
  const Bytes value = der::octet_string(good.evidence);
  std::vector<Judged> out;
  const auto add = [&](const std::string& name, Reason want, auto&& change) {
    LeafParts parts = parts_of(*good.certificate);
    change(parts);
    Judged bad = good;
    bad.name = name;
    bad.like = good.name;
    bad.certificate = certificate_of(parts, *good.certificate);
    bad.want = want;
    out.push_back(std::move(bad));
  };
  constexpr Reason kShape = Reason::malformed_certificate;
  add("two evidence extensions", kShape,
      [](auto& parts) { parts.extensions.push_back(parts.extensions.back()); });
  add("a critical evidence extension", kShape,
      [&](auto& parts) { parts.extensions.back() = evidence_extension(value, true); });
  add("no evidence extension", kShape, [](auto& parts) { parts.extensions.pop_back(); });
  add("an unknown critical extension", kShape, [](auto& parts) {
    parts.extensions.push_back(
        der::sequence({der::oid("1.2.3.4"), der::boolean(true), der::octet_string(der::null())}));
  });
  add("another issuer than subject", kShape, [](auto& parts) {
    parts.issuer = der::sequence(
        {der::set({der::sequence({der::oid("2.5.4.3"), der::utf8_string("somebody else")})})});
  });
  add("a CA certificate", kShape, [](auto& parts) {
    parts.extensions.push_back(
        der::sequence({der::oid("2.5.29.19"), der::boolean(true),
                       der::octet_string(der::sequence({der::boolean(true)}))}));
  });
  add("evidence in the JSON form of CMW", Reason::malformed_evidence,
      [](auto& parts) { parts.extensions.back() = evidence_extension(der::utf8_string("{}")); });
  add("a length in the extension that is longer than needed", Reason::malformed_evidence,
      [&](auto& parts) {
        Bytes longer{0x04, 0x83, 0x00};
        longer.push_back(static_cast<std::uint8_t>(good.evidence.size() >> 8U));
        longer.push_back(static_cast<std::uint8_t>(good.evidence.size() & 0xffU));
        append(longer, good.evidence);
        parts.extensions.back() = evidence_extension(longer);
      });
  Judged cut = good;
  cut.name = "a certificate without its last byte";
  cut.like = good.name;
  cut.certificate->pop_back();
  cut.want = kShape;
  out.push_back(std::move(cut));
  return out;
}

}  // namespace ratls::vectors
