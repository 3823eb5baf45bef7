// Evidence, claims and paths that are no deterministic CBOR of this protocol.
#include <functional>
#include <utility>

#include <ratls/core/cbor.h>
#include <ratls/core/signing_key.h>

#include "judged.h"

namespace ratls::vectors {
namespace {

struct Record {
  std::uint64_t key = 0;
  std::string media_type;
  Bytes value;
  std::uint64_t ind = 0;
};

Bytes map_head(std::size_t pairs) {
  cbor::Writer out;
  out.map(pairs);
  return std::move(out).take();
}

Bytes encode(const Record& record) {
  cbor::Writer out;
  out.uint(record.key).array(3).text(record.media_type).bytes(record.value).uint(record.ind);
  return std::move(out).take();
}

Bytes join(const std::vector<Record>& records) {
  Bytes out = map_head(records.size());
  for (const Record& each : records) append(out, encode(each));
  return out;
}

std::vector<Record> records_of(const EvidenceEnvelope& from) {
  std::vector<Record> out{{1, "application/vnd.amd.sev-snp.attestation-report", from.report, 4}};
  if (from.endorsement) out.push_back({2, "application/pkix-cert", *from.endorsement, 2});
  out.push_back({3, "application/vnd.ratls.claims+cbor", from.claims, 4});
  if (from.crl) out.push_back({4, "application/pkix-crl", *from.crl, 2});
  if (from.path) out.push_back({5, "application/vnd.ratls.path+cbor", *from.path, 4});
  return out;
}

Bytes text(std::string_view value) {
  cbor::Writer out;
  out.text(value);
  return std::move(out).take();
}

Bytes byte_string(ByteView value) {
  cbor::Writer out;
  out.bytes(value);
  return std::move(out).take();
}

Bytes triple(std::uint64_t version, std::uint64_t role, std::uint64_t level) {
  cbor::Writer out;
  out.array(3).uint(version).uint(role).uint(level);
  return std::move(out).take();
}

Bytes hash_value(std::uint64_t algorithm, ByteView hash) {
  cbor::Writer out;
  out.array(2).uint(algorithm).bytes(hash);
  return byte_string(std::move(out).take());
}

using Pairs = std::vector<std::pair<Bytes, Bytes>>;  // encoded keys and values

Bytes join(const Pairs& pairs) {
  Bytes out = map_head(pairs.size());
  for (const auto& [key, value] : pairs) {
    append(out, key);
    append(out, value);
  }
  return out;
}

/// The bad ones made from one good case.
class Maker {
 public:
  Maker(const std::string& like, const Recording& recorded)
      : like_(like),
        good_(good_one(case_of(like), recorded)),
        envelope_(envelope_of(case_of(like), recorded)) {}

  void evidence(const std::string& name, Bytes bytes) {
    Judged bad = good_;
    bad.name = name;
    bad.like = like_;
    bad.certificate.reset();
    bad.evidence = std::move(bytes);
    bad.want = Reason::malformed_evidence;
    out.push_back(std::move(bad));
  }
  void records(const std::string& name, const std::function<void(std::vector<Record>&)>& change) {
    auto all = records_of(envelope_);
    change(all);
    evidence(name, join(all));
  }
  void claims(const std::string& name, Bytes bytes) {
    records(name, [&](auto& all) { all[2].value = std::move(bytes); });
  }
  void path(const std::string& name, Bytes bytes) {
    records(name, [&](auto& all) { all[3].value = std::move(bytes); });
  }
  [[nodiscard]] const Bytes& good() const { return good_.evidence; }
  [[nodiscard]] Pairs pairs() const {
    const auto claims = Claims::decode(envelope_.claims).value();
    return {{text("nonce"), byte_string(claims.binder->view())},
            {text("ratls"), triple(1, 0, 3)},
            {text("pubkey-hash"), hash_value(7, claims.pubkey_hash.view())}};
  }

  std::vector<Judged> out;

 private:
  std::string like_;
  Judged good_;
  EvidenceEnvelope envelope_;
};

void bad_bytes(Maker& make) {
  const Bytes& good = make.good();
  make.evidence("no evidence at all", {});
  Bytes more = good;
  more.push_back(0);
  make.evidence("a byte behind the map", more);
  make.evidence("a byte too few", Bytes(good.begin(), good.end() - 1));
  Bytes endless = good;
  endless.front() = 0xbf;
  endless.push_back(0xff);
  make.evidence("a map of indefinite length", endless);
  Bytes longer{0xb8, 0x03};
  longer.insert(longer.end(), good.begin() + 1, good.end());
  make.evidence("the number of pairs written longer than needed", longer);
  Bytes tagged{0xd9, 0xd9, 0xf7};
  append(tagged, good);
  make.evidence("a tag before the map", tagged);
}

Pairs replaced(Pairs pairs, std::size_t at, Bytes value) {
  pairs[at].second = std::move(value);
  return pairs;
}

void bad_values(Maker& make, const Pairs& good, ByteView hash) {
  make.claims("a role that does not exist", join(replaced(good, 1, triple(1, 4, 3))));
  make.claims("level 1", join(replaced(good, 1, triple(1, 0, 1))));
  make.claims("a client at level 2", join(replaced(good, 1, triple(1, 0, 2))));
  make.claims("a server at level 3", join(replaced(good, 1, triple(1, 1, 3))));
  make.claims("protocol version 2", join(replaced(good, 1, triple(2, 0, 3))));
  make.claims("a nonce of 47 bytes", join(replaced(good, 0, byte_string(Bytes(47, 1)))));
  make.claims("a nonce that is text", join(replaced(good, 0, text(std::string(48, 'a')))));
  make.claims("a SHA-256 in pubkey-hash", join(replaced(good, 2, hash_value(1, hash.first(32)))));
  make.claims("algorithm 8 in pubkey-hash", join(replaced(good, 2, hash_value(8, hash))));
  make.claims("a nonce at level 0", join(replaced(good, 1, triple(1, 0, 0))));
}

void bad_keys(Maker& make, const Pairs& good) {
  make.claims("no nonce at level 3", join(Pairs{good[1], good[2]}));
  make.claims("no ratls claim", join(Pairs{good[0], good[2]}));
  make.claims("no pubkey-hash", join(Pairs{good[0], good[1]}));
  make.claims("claims out of order", join(Pairs{good[1], good[0], good[2]}));
  make.claims("a claim twice", join(Pairs{good[0], good[0], good[1], good[2]}));
  const Bytes number{0x01};
  make.claims("a number as the key of a claim",
              join(Pairs{{number, number}, good[0], good[1], good[2]}));
  const Bytes deep{0x81, 0x81, 0x81, 0x81, 0x81, 0x01};
  make.claims("an unknown claim that is nested too deep",
              join(Pairs{{text("later"), deep}, good[0], good[1], good[2]}));
  const Bytes floating{0xf9, 0x3c, 0x00};
  make.claims("a floating-point number in an unknown claim",
              join(Pairs{{text("later"), floating}, good[0], good[1], good[2]}));
  const Bytes negative{0x20};
  make.claims("a negative number in an unknown claim",
              join(Pairs{{text("later"), negative}, good[0], good[1], good[2]}));
  Bytes behind = join(good);
  behind.push_back(0);
  make.claims("a byte behind the claims", behind);
}

Bytes encode_path(std::uint64_t sides, std::size_t count, std::size_t size) {
  cbor::Writer out;
  out.array(2).uint(sides).array(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.bytes(Bytes(size, static_cast<std::uint8_t>(i)));
  }
  return std::move(out).take();
}

}  // namespace

std::vector<Judged> bad_envelopes(const Recording& recorded) {
  Maker make("client", recorded);
  bad_bytes(make);
  make.records("records out of order", [](auto& all) { std::swap(all[0], all[1]); });
  make.records("a record twice", [](auto& all) { all.insert(all.begin(), all.front()); });
  make.records("a record that nobody knows", [](auto& all) { all.push_back({6, "a/b", {1}, 4}); });
  make.records("another media type", [](auto& all) { all[0].media_type = "application/eat+cwt"; });
  make.records("evidence marked as an endorsement", [](auto& all) { all[0].ind = 2; });
  make.records("a report of 1183 bytes", [](auto& all) { all[0].value.pop_back(); });
  make.records("no claims", [](auto& all) { all.pop_back(); });
  make.records("no report", [](auto& all) { all.erase(all.begin()); });
  make.records("more than 8192 bytes", [](auto& all) { all[1].value.resize(7200); });
  return std::move(make.out);
}

std::vector<Judged> bad_claims(const Recording& recorded) {
  Maker make("client", recorded);
  const Pairs good = make.pairs();
  const SpkiHash hash = hash_spki(recorded.client_spki);
  bad_values(make, good, hash.view());
  bad_keys(make, good);
  return std::move(make.out);
}

std::vector<Judged> bad_paths(const Recording& recorded) {
  Maker make("client among five", recorded);
  make.path("a path without siblings", encode_path(0, 0, 48));
  make.path("a path of seventeen siblings", encode_path(0, 17, 48));
  make.path("a bit in sides for a sibling that is not there", encode_path(8, 3, 48));
  make.path("a sibling of 47 bytes", encode_path(3, 3, 47));
  return std::move(make.out);
}

}  // namespace ratls::vectors
