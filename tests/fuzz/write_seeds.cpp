// Writes the seeds of the core targets into tests/fuzz/corpus, from our own encoders: always the
// same bytes. Usage: write_seeds FOLDER
#include <cstdio>
#include <filesystem>

#include <ratls/core/cbor.h>
#include <ratls/core/claims.h>
#include <ratls/core/clock.h>
#include <ratls/core/der.h>
#include <ratls/core/evidence.h>
#include <ratls/core/json.h>
#include <ratls/core/merkle.h>

#include "../core/certificate_parts.h"
#include "../core/check.h"
#include "../support/files.h"

using namespace ratls;

namespace {

std::filesystem::path root;

void write(const std::string& target, const std::string& name, ByteView content) {
  std::filesystem::create_directories(root / target);
  test::write_file((root / target / name).string(), content);
}

void write_text(const std::string& target, const std::string& name, std::string_view content) {
  write(target, name, as_bytes(content));
}

void write_cbor() {
  cbor::Writer out;
  out.map(4).uint(1).uint(1000000).uint(24).bytes(test::counting(30));
  out.text("a").array(2).text("IETF").uint(UINT64_MAX);
  out.text("nested").array(1).map(1).uint(0).array(0);
  write("cbor", "map", std::move(out).take());
  write("cbor", "array_of_25",
        test::hex("98190102030405060708090a0b0c0d0e0f101112131415161718181819"));
  write("cbor", "too_deep", test::hex("818181818180"));
  write("cbor", "huge_length", test::hex("5b0000010000000000"));
  write("cbor", "huge_array", test::hex("9bffffffffffffffff00"));
  write("cbor", "indefinite", test::hex("9f0102ff"));
}

Claims claims_of(Role role, Level level) {
  Claims out;
  out.role = role;
  out.level = level;
  if (level != Level::key) out.binder = Binder::from(test::counting(48));
  out.pubkey_hash = *SpkiHash::from(test::counting(48, 0x80));
  return out;
}

void write_claims() {
  write("claims", "client_level_0", claims_of(Role::client, Level::key).encode().value());
  write("claims", "server_level_2", claims_of(Role::server, Level::handshake).encode().value());
  Claims with = claims_of(Role::post_handshake_client, Level::exporter);
  const Bytes certificate = test::counting(40);
  with.identity = IdentityClaim{certificate, certificate};
  write("claims", "identity", with.encode().value());
  Bytes unknown = claims_of(Role::client, Level::key).encode().value();
  unknown.front() = 0xA3;
  append(unknown, test::hex("6c 66726f6d2d6675747572652d 82 01 a1 6161 40"));
  write("claims", "unknown_key", unknown);
}

std::vector<merkle::Path> paths_of(std::size_t count) {
  std::vector<merkle::Node> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(merkle::leaf(test::counting(i)));
  return merkle::build(leaves).value().paths;
}

void write_paths() {
  write("path", "one_sibling", paths_of(2)[1].encode().value());
  write("path", "three_siblings", paths_of(7)[4].encode().value());
  merkle::Path longest{0xA5A5, std::vector<merkle::Node>(16)};
  write("path", "sixteen_siblings", longest.encode().value());
}

EvidenceEnvelope evidence() {
  EvidenceEnvelope out;
  out.report = test::counting(kSnpReportSize);
  out.claims = claims_of(Role::server, Level::handshake).encode().value();
  return out;
}

void write_evidence() {
  write("evidence", "smallest", evidence().encode_extension().value());
  write("evidence", "bare", evidence().encode().value());
  EvidenceEnvelope all = evidence();
  all.endorsement = test::CertificateParts().der();
  all.crl = test::counting(60);
  all.path = paths_of(5)[3].encode().value();
  write("evidence", "every_record", all.encode_extension().value());
  write("evidence", "json_choice", der::utf8_string("{}"));
}

void write_certificates() {
  test::CertificateParts leaf;
  leaf.extensions = {test::extension("2.5.29.15", test::hex("03020780"), true),
                     test::extension(kEvidenceOid, evidence().encode_extension().value())};
  write("certificate", "leaf", leaf.der());
  test::CertificateParts vcek;
  vcek.spki = test::ec_spki(test::kP384, test::p384_point());
  vcek.algorithm = test::pss_algorithm(test::kSha384, test::kSha384, 48);
  vcek.extensions = {test::extension("1.3.6.1.4.1.3704.1.1", test::hex("020100")),
                     test::extension("1.3.6.1.4.1.3704.1.4", test::counting(64))};
  write("certificate", "endorsement", vcek.der());
  test::CertificateParts authority;
  authority.spki = test::rsa_spki(Bytes(256, 0xC1), test::hex("010001"));
  authority.extensions = {test::extension("2.5.29.19", test::hex("30030101ff"), true)};
  write("certificate", "authority", authority.der());
  write_text("certificate", "pem", test::pem("CERTIFICATE", test::CertificateParts().der()));
  write_text("certificate", "damaged_pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
}

void write_crls() {
  test::CrlParts parts;
  write("crl", "empty", parts.der());
  parts.serials = {der::integer(7), der::integer(test::hex("80112233"))};
  write("crl", "two_serials", parts.der());
}

void write_texts() {
  write_text("text", "utc", "2026-11-23T20:57:00Z");
  write_text("text", "offset", "2000-02-29T23:59:59.125+05:45");
  write_text("text", "first_year", "0000-01-01T00:00:00+00:01");
  write_text("text", "hex", "00ff7FaB");
  write_text("text", "base64", "Zm9vYg==");
  write_text("text", "digest", std::string(64, 'a'));
}

Bytes u32le(std::size_t value) {
  Bytes out;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return out;
}

// A table with one entry, whose contents are said to be at `offset`.
Bytes table_of(std::string_view guid, std::size_t offset, ByteView contents) {
  Bytes out = test::hex(std::string(guid));
  append(out, u32le(offset));
  append(out, u32le(contents.size()));
  append(out, Bytes(24, 0));
  append(out, contents);
  return out;
}

void write_tables() {
  const Bytes leaf = test::CertificateParts().der();
  const std::string pem = test::pem("CERTIFICATE", leaf);
  constexpr std::string_view kVcek = "63da758de6644564adc5f4b93be8accd";
  write("certificate_table", "vcek", table_of(kVcek, 48, leaf));
  write("certificate_table", "vlek_pem",
        table_of("a8074bc2a25a483eaae639c045a0b8a1", 48, as_bytes(pem)));
  write("certificate_table", "over_its_list", table_of(kVcek, 24, leaf));
  write("certificate_table", "wraps", table_of(kVcek, 0xffffffff, leaf));
  write("certificate_table", "none", Bytes(24, 0));
}

void write_kds_answers() {
  const std::string pem = test::pem("CERTIFICATE", test::CertificateParts().der());
  write("kds_answer", "certificate", test::CertificateParts().der());
  write("kds_answer", "list", test::CrlParts().der());
  write_text("kds_answer", "chain", pem + pem);
  write_text("kds_answer", "page", "<html>503</html>");
}

void write_thim_answers() {
  const std::string pem = test::pem("CERTIFICATE", test::CertificateParts().der());
  const std::string leaf = R"({"vcekCert":)" + json::quoted(pem);
  write_text("thim_answer", "good",
             leaf + R"(,"tcbm":"DB18000000000004","certificateChain":"","cacheControl":86400})");
  write_text("thim_answer", "twice", leaf + "," + leaf.substr(1) + "}");
  write_text("thim_answer", "escapes", R"({"a\u0062\/\"":true,"vcekCert":"\u002d\n"})");
  write_text("thim_answer", "nested", R"({"vcekCert":{"a":[]}})");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: write_seeds FOLDER\n", stderr);
    return 64;
  }
  root = arguments[1];
  write_cbor();
  write_claims();
  write_paths();
  write_evidence();
  write_certificates();
  write_crls();
  write_tables();
  write_kds_answers();
  write_thim_answers();
  write_texts();
  return 0;
}
