// The same TLS 1.3 handshakes by the system's OpenSSL, for comparison. Links nothing of this
// library.
//
// What favours OpenSSL: its contexts are made outside the timed part, and nobody judges a
// certificate (the callback accepts); CertificateVerify and Finished are verified as always. No
// session tickets, as in the library.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <benchmark/benchmark.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Freed<SSL_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using OctetString = std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>>;

// TCG DICE's evidence, which the library's certificates carry.
constexpr const char* kExtensionOid = "2.23.133.5.4.9";
std::size_t certificate_size = 3353;  // of the library's; --certificate=BYTES

void must(bool good) {
  if (good) return;
  ERR_print_errors_fp(stderr);
  std::exit(70);
}

template <class T>
T* must(T* made) {
  must(made != nullptr);
  return made;
}

struct Identity {
  Key key;
  Certificate certificate;
};

void add_extension(X509* certificate, std::size_t size) {
  static const int nid = OBJ_create(kExtensionOid, "dummy", "dummy");
  const std::vector<unsigned char> bytes(size, 0x5a);
  const OctetString value(must(ASN1_OCTET_STRING_new()));
  must(ASN1_OCTET_STRING_set(value.get(), bytes.data(), static_cast<int>(size)) == 1);
  const Extension extension(must(X509_EXTENSION_create_by_NID(nullptr, nid, 0, value.get())));
  must(X509_add_ext(certificate, extension.get(), -1) == 1);
}

Identity make_identity(std::size_t extension_size) {
  Identity out{Key(must(EVP_EC_gen("P-256"))), Certificate(must(X509_new()))};
  X509* certificate = out.certificate.get();
  must(X509_set_version(certificate, X509_VERSION_3) == 1);
  must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7) == 1);
  must(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr);
  must(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != nullptr);
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string_view text = "dummy";
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, bytes.data(),
                                  static_cast<int>(bytes.size()), -1, 0) == 1);
  must(X509_set_issuer_name(certificate, name) == 1);
  must(X509_set_pubkey(certificate, out.key.get()) == 1);
  if (extension_size != 0) add_extension(certificate, extension_size);
  must(X509_sign(certificate, out.key.get(), EVP_sha256()) > 0);
  return out;
}

std::size_t size_of(const Identity& identity) {
  const int size = i2d_X509(identity.certificate.get(), nullptr);
  must(size > 0);
  return static_cast<std::size_t>(size);
}

// A certificate of `whole` bytes; a signature's DER varies by two.
Identity make_sized_identity(std::size_t whole) {
  constexpr std::size_t kFirst = 1024;
  const std::size_t rest = size_of(make_identity(kFirst)) - kFirst;
  must(whole > rest + 256);
  return make_identity(whole - rest);
}

int accept_any(X509_STORE_CTX*, void*) {
  return 1;
}

Context context(const SSL_METHOD* method, const Identity* identity, int verify) {
  Context out(must(SSL_CTX_new(method)));
  SSL_CTX* ssl = out.get();
  must(SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1);
  must(SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256") == 1);
  must(SSL_CTX_set1_groups_list(ssl, "X25519") == 1);
  must(SSL_CTX_set1_sigalgs_list(ssl, "ECDSA+SHA256") == 1);
  must(SSL_CTX_set_num_tickets(ssl, 0) == 1);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(ssl, verify, nullptr);
  SSL_CTX_set_cert_verify_callback(ssl, accept_any, nullptr);
  if (identity != nullptr) {
    must(SSL_CTX_use_certificate(ssl, identity->certificate.get()) == 1);
    must(SSL_CTX_use_PrivateKey(ssl, identity->key.get()) == 1);
  }
  return out;
}

// Two memory BIOs, each side reading what the other wrote.
struct Pair {
  Connection client;
  Connection server;
};

Pair connect(SSL_CTX* client, SSL_CTX* server) {
  Pair out{Connection(must(SSL_new(client))), Connection(must(SSL_new(server)))};
  BIO* to_server = must(BIO_new(BIO_s_mem()));
  BIO* to_client = must(BIO_new(BIO_s_mem()));
  must(BIO_up_ref(to_server) == 1 && BIO_up_ref(to_client) == 1);
  SSL_set_bio(out.client.get(), to_client, to_server);
  SSL_set_bio(out.server.get(), to_server, to_client);
  SSL_set_connect_state(out.client.get());
  SSL_set_accept_state(out.server.get());
  return out;
}

// True once this side is done.
bool advance(SSL* side) {
  const int done = SSL_do_handshake(side);
  if (done == 1) return true;
  must(SSL_get_error(side, done) == SSL_ERROR_WANT_READ);
  return false;
}

Pair handshake(SSL_CTX* client, SSL_CTX* server) {
  Pair pair = connect(client, server);
  for (bool over = false; !over;) {
    const bool client_over = advance(pair.client.get());
    over = advance(pair.server.get()) && client_over;
  }
  return pair;
}

// Is it the handshake that this program claims to measure?
void check(const Pair& pair, bool mutual) {
  must(SSL_version(pair.server.get()) == TLS1_3_VERSION);
  must(SSL_get_negotiated_group(pair.server.get()) == NID_X25519);
  const Certificate shown(SSL_get1_peer_certificate(pair.server.get()));
  must((shown != nullptr) == mutual);
}

void rows(benchmark::State& state, bool mutual) {
  const Identity server = make_sized_identity(certificate_size);
  const Identity client = make_sized_identity(certificate_size);
  const int demand = mutual ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE;
  const Context servers = context(TLS_server_method(), &server, demand);
  const Context clients = context(TLS_client_method(), mutual ? &client : nullptr, SSL_VERIFY_PEER);
  check(handshake(clients.get(), servers.get()), mutual);
  for (auto _ : state) handshake(clients.get(), servers.get());
  state.counters["server_certificate"] = static_cast<double>(size_of(server));
  if (mutual) state.counters["client_certificate"] = static_cast<double>(size_of(client));
}

void openssl_one_way(benchmark::State& state) {
  rows(state, false);
}
void openssl_mutual_ready(benchmark::State& state) {
  rows(state, true);
}

BENCHMARK(openssl_one_way)->Unit(benchmark::kMicrosecond);
BENCHMARK(openssl_mutual_ready)->Unit(benchmark::kMicrosecond);

// Takes --certificate=BYTES, which must stand last; false where it is no number.
bool take_size(int& count, char** arguments) {
  constexpr std::string_view kOption = "--certificate=";
  const std::string_view last = count > 1 ? arguments[count - 1] : "";
  if (!last.starts_with(kOption)) return true;
  const std::string text(last.substr(kOption.size()));
  --count;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, certificate_size);
  return read.ec == std::errc() && read.ptr == end && certificate_size <= 16000;
}

}  // namespace

int main(int count, char** arguments) {
  const bool good = take_size(count, arguments);
  benchmark::Initialize(&count, arguments);
  if (!good || benchmark::ReportUnrecognizedArguments(count, arguments)) return 64;
  benchmark::AddCustomContext("openssl", OpenSSL_version(OPENSSL_VERSION));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
